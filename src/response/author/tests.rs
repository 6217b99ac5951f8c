//! Stock pages as servers send them, and pages that people wrote.

use super::*;

/// A page of `title` and `body`, as short as servers write it.
fn html(title: &str, body: &str) -> String {
    format!("<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n{body}\r\n</body>\r\n</html>\r\n")
}

fn stock_pages() -> Vec<(&'static str, String)> {
    let nginx = |line: &str, server: &str| {
        let padding = "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n".repeat(6);
        html(line, &format!("<center><h1>{line}</h1></center>\r\n<hr><center>{server}</center>")) + &padding
    };
    let apache = |line: &str, body: &str| {
        format!(
            "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>{line}</title>\n</head><body>\n\
             <h1>{}</h1>\n{body}<hr>\n<address>Apache/2.4.41 (Ubuntu) OpenSSL/1.1.1f Server at www.example.com Port 443\
             </address>\n</body></html>\n",
            &line[4..]
        )
    };
    let haproxy = |line: &str, what: &str| format!("<html><body><h1>{line}</h1>\n{what}\n</body></html>\n");
    let iis = |line: &str, what: &str| {
        format!(
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\r\n\
             <html xmlns=\"http://www.w3.org/1999/xhtml\">\r\n<head>\r\n<meta http-equiv=\"Content-Type\" content=\"text/html; \
             charset=iso-8859-1\"/>\r\n<title>{line}</title>\r\n<style type=\"text/css\">\r\n<!--\r\nbody{{margin:0;}}\r\n-->\r\n\
             </style>\r\n</head>\r\n<body>\r\n<div id=\"header\"><h1>Server Error</h1></div>\r\n<div id=\"content\">\r\n <div \
             class=\"content-container\"><fieldset>\r\n  <h2>{line}</h2>\r\n  <h3>{what}</h3>\r\n </fieldset></div>\r\n</div>\r\n\
             </body>\r\n</html>\r\n"
        )
    };
    let werkzeug = |line: &str, what: &str| {
        format!(
            "<!doctype html>\n<html lang=en>\n<title>{line}</title>\n<h1>{}</h1>\n<p>{what}</p>\n",
            &line[4..]
        )
    };
    let tomcat = |rest: &str| {
        format!(
            "<!doctype html><html lang=\"en\"><head><title>HTTP Status 500 – Internal Server Error</title><style \
             type=\"text/css\">body {{font-family:Tahoma,Arial,sans-serif;}} h1 {{color:white;}}</style></head><body><h1>HTTP \
             Status 500 – Internal Server Error</h1>{rest}</body></html>"
        )
    };
    let rails = |title: &str, body: &str| {
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<title>{title}</title>\n<meta name=\"viewport\" \
             content=\"width=device-width,initial-scale=1\">\n<style>\n*, *::before {{ margin: 0; }}\n</style>\n</head>\n<body>\n\
             <!-- This file lives in public/500.html -->\n{body}\n</body>\n</html>\n"
        )
    };
    let laravel = |line: &str| {
        let (code, words) = line.split_at(3);
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{words}</title>\n<style>/*! normalize.css \
             v8.0.1 */html{{line-height:1.15}}{}</style>\n</head>\n<body class=\"antialiased\">\n<div class=\"relative flex\">\n<div \
             class=\"px-4 text-lg text-gray-500 border-r\">\n{code} </div>\n<div class=\"ml-4 text-lg uppercase\">\n{words} \
             </div>\n</div>\n</body>\n</html>\n",
            ".a{b:c}".repeat(800)
        )
    };
    let next = "<!DOCTYPE html><html><head><meta charSet=\"utf-8\"/><title>500: Internal Server Error</title><noscript \
                data-n-css=\"\"></noscript><script defer=\"\" nomodule=\"\" \
                src=\"/_next/static/chunks/polyfills-c67a75d1b6f99dc8.js\"></script><link rel=\"preload\" \
                href=\"/_next/static/css/a.css\" as=\"style\"/></head><body><div id=\"__next\"><div \
                style=\"height:100vh\"><style>body{color:#000}</style><h1 class=\"next-error-h1\">500</h1><h2>Internal Server \
                Error<!-- -->.</h2></div></div><script id=\"__NEXT_DATA__\" type=\"application/json\">{\"props\":{\"statusCode\":500},\
                \"page\":\"/_error\"}</script></body></html>";
    let google = "<!DOCTYPE html>\n<html lang=en>\n  <meta charset=utf-8>\n  <title>Error 502 (Server Error)!!1</title>\n  <style>\n    \
                  #logo{background:url(//www.google.com/images/branding/googlelogo/1x/x.png) no-repeat}\n  </style>\n  <a \
                  href=//www.google.com/><span id=logo aria-label=Google></span></a>\n  <p><b>502.</b> <ins>That’s an \
                  error.</ins>\n  <p>The server encountered a temporary error and could not complete your request.<p>Please try \
                  again in 30 seconds.  <ins>That’s all we know.</ins>\n";
    let google_balancer = "<html><head>\n<meta http-equiv=\"content-type\" content=\"text/html;charset=utf-8\">\n<title>502 Server \
                           Error</title>\n</head>\n<body text=#000000 bgcolor=#ffffff>\n<h1>Error: Server Error</h1>\n<h2>The server \
                           encountered a temporary error and could not complete your request.<p>Please try again in 30 \
                           seconds.</h2>\n<h2></h2>\n</body></html>\n";
    let asp_net = "<!DOCTYPE html>\r\n<html>\r\n    <head>\r\n        <title>Runtime Error</title>\r\n        <meta \
                   name=\"viewport\" content=\"width=device-width\" />\r\n        <style>\r\n         body {font-family:\"Verdana\";}\r\n        \
                   </style>\r\n    </head>\r\n\r\n    <body bgcolor=\"white\">\r\n\r\n            <span><H1>Server Error in '/shop' \
                   Application.<hr width=100% size=1 color=silver></H1>\r\n\r\n            <h2> <i>Runtime Error</i> \
                   </h2></span>\r\n\r\n            <b> Description: </b>An application error occurred on the server. The current \
                   custom error settings for this application prevent the details of the application error from being viewed \
                   remotely (for security reasons). It could, however, be viewed by browsers running on the local server \
                   machine.\r\n            <br><br>\r\n\r\n            <b>Details:</b> To enable the details of this specific \
                   error message to be viewable on remote machines, please create a &lt;customErrors&gt; tag within a \
                   &quot;web.config&quot; configuration file.\r\n    </body>\r\n</html>\r\n";
    let whitelabel = "<html><body><h1>Whitelabel Error Page</h1><p>This application has no explicit mapping for /error, so you are \
                      seeing this as a fallback.</p><div id='created'>Mon Nov 30 10:00:00 UTC 2026</div><div>There was an \
                      unexpected error (type=Internal Server Error, status=500).</div></body></html>";
    let wordpress = |title: &str, body: &str| {
        format!(
            "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head>\n\t<meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\" \
             />\n\t<meta name='robots' content='max-image-preview:large, noindex, follow' />\n\t<title>{title}</title>\n\t<style \
             type=\"text/css\">\n\t\thtml {{\n\t\t\tbackground: #f1f1f1;\n\t\t}}\n\t</style>\n</head>\n<body \
             id=\"error-page\">\n\t<div class=\"wp-die-message\">{body}</div></body>\n</html>\n"
        )
    };
    let squid = "<!DOCTYPE html PUBLIC \"-//W3C//DTD HTML 4.01//EN\" \"http://www.w3.org/TR/html4/strict.dtd\">\n<html><head>\n<meta \
                 type=\"copyright\" content=\"Copyright (C) 1996-2020 The Squid Software Foundation and contributors\">\n<title>ERROR: \
                 The requested URL could not be retrieved</title>\n</head><body id=ERR_CONNECT_FAIL>\n<div \
                 id=\"titles\">\n<h1>ERROR</h1>\n<h2>The requested URL could not be retrieved</h2>\n</div>\n<hr>\n<div \
                 id=\"content\">\n<p>The following error was encountered while trying to retrieve the URL: <a \
                 href=\"http://www.example.com/\">http://www.example.com/</a></p>\n<blockquote \
                 id=\"error\">\n<p><b>Connection to 192.0.2.1 failed.</b></p>\n</blockquote>\n<p>Your cache administrator is <a \
                 href=\"mailto:webmaster\">webmaster</a>.</p>\n</div>\n</body></html>\n";
    let jetty = "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\"/>\n<title>Error 503 Service \
                 Unavailable</title>\n</head>\n<body><h2>HTTP ERROR 503 Service \
                 Unavailable</h2>\n<table>\n<tr><th>URI:</th><td>/shop/basket</td></tr>\n<tr><th>STATUS:</th><td>503</td></tr>\n<tr>\
                 <th>MESSAGE:</th><td>Service Unavailable</td></tr>\n<tr><th>SERVLET:</th><td>-</td></tr>\n</table>\n<hr/><a \
                 href=\"https://eclipse.org/jetty\">Powered by Jetty:// 9.4.48.v20220622</a><hr/>\n\n</body>\n</html>\n";
    let varnish = "<!DOCTYPE html>\n<html>\n  <head>\n    <title>503 Backend fetch failed</title>\n  </head>\n  <body>\n    <h1>Error 503 \
                   Backend fetch failed</h1>\n    <p>Backend fetch failed</p>\n    <h3>Guru Meditation:</h3>\n    <p>XID: \
                   32770</p>\n    <hr>\n    <p>Varnish cache server</p>\n  </body>\n</html>\n";
    let fastly = "\n<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" \
                  \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd\">\n<html>\n  <head>\n    <title>503 first byte \
                  timeout</title>\n  </head>\n  <body>\n    <h1>Error 503 first byte timeout</h1>\n    <p>first byte \
                  timeout</p>\n    <h3>Guru Mediation:</h3>\n    <p>Details: cache-fra-etou8220048-FRA 1700000000 \
                  1234567890</p>\n    <hr>\n    <p>Varnish cache server</p>\n  </body>\n</html>\n";
    let litespeed = "<!DOCTYPE html>\n<html style=\"height:100%\">\n<head>\n<meta name=\"viewport\" content=\"width=device-width, \
                     initial-scale=1, shrink-to-fit=no\" />\n<title> 503 Service Unavailable\r\n</title></head>\n<body style=\"color: \
                     #444; margin:0;\">\n<div style=\"height:auto;\">     <div style=\"text-align: center;\">\n        <h1 \
                     style=\"margin:0;\">503</h1>\n<h2 style=\"margin-top:20px;\">Service Unavailable\r\n</h2>\n<p>The server is \
                     temporarily busy, try again later!</p>\n</div></div><div style=\"color:#f0f0f0;\">\n<br>Proudly powered by \
                     LiteSpeed Web Server<p>Please be advised that LiteSpeed Technologies Inc. is not a web hosting company and, as \
                     such, has no control over content found on this site.</p></div></body></html>\n";
    let cloudfront = "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\" \
                      \"http://www.w3.org/TR/html4/loose.dtd\">\n<HTML><HEAD><META HTTP-EQUIV=\"Content-Type\" CONTENT=\"text/html; \
                      charset=iso-8859-1\">\n<TITLE>ERROR: The request could not be satisfied</TITLE>\n</HEAD><BODY>\n<H1>502 \
                      ERROR</H1>\n<H2>The request could not be satisfied.</H2>\n<HR noshade size=\"1px\">\nCloudFront wasn't able \
                      to connect to the origin.\n<BR clear=\"all\">\n<PRE>\nGenerated by cloudfront (CloudFront)\nRequest ID: \
                      abc\n</PRE>\n</BODY></HTML>";
    let passenger = "<!DOCTYPE html>\n<html>\n<head>\n<title>We're sorry, but something went wrong (500)</title>\n</head>\n<body>\n\
                     <h1>We're sorry, but something went wrong.</h1>\n<p>The issue has been logged for investigation. Please try again \
                     later.</p>\n<p>Technical details for the administrator of this website</p>\n<dl><dt>Error \
                     ID:</dt><dd>ad26ef22</dd><dt>Details:</dt><dd>Web application could not be started by the Phusion \
                     Passenger(R) application server.</dd></dl>\n</body>\n</html>\n";
    let symfony = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n    <meta charset=\"UTF-8\" />\n    <meta name=\"robots\" \
                   content=\"noindex,nofollow\" />\n    <title>An Error Occurred: Internal Server Error</title>\n    <style>body { \
                   background-color: #fff; }</style>\n</head>\n<body>\n<div class=\"container\">\n    <h1>Oops! An Error \
                   Occurred</h1>\n    <h2>The server returned a \"500 Internal Server Error\".</h2>\n\n    <p>\n        Something is \
                   broken. Please let us know what you were doing when this error occurred.\n        We will fix it as soon as \
                   possible. Sorry for any inconvenience caused.\n    </p>\n</div>\n</body>\n</html>\n";
    let envoy = "upstream connect error or disconnect/reset before headers. reset reason: connection failure, transport failure \
                 reason: delayed connect error: 111";
    vec![
        ("nginx 502", nginx("502 Bad Gateway", "nginx/1.18.0 (Ubuntu)")),
        ("nginx 503", nginx("503 Service Temporarily Unavailable", "nginx")),
        ("nginx 504", nginx("504 Gateway Time-out", "nginx/1.27.3")),
        ("nginx 500", nginx("500 Internal Server Error", "nginx/1.27.3")),
        (
            "Tengine 502",
            "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\r\n<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n\
             <body bgcolor=\"white\">\r\n<h1>502 Bad Gateway</h1>\r\n<p>The proxy server received an invalid response from an \
             upstream server. Sorry for the inconvenience.<br/>\r\nPlease report this message and include the following \
             information to us.<br/>\r\nThank you very much!</p>\r\n<table>\r\n<tr>\r\n<td>URL:</td>\r\n\
             <td>http://www.example.com/shop/cart</td>\r\n</tr>\r\n<tr>\r\n<td>Server:</td>\r\n<td>web-one.example</td>\r\n</tr>\r\n\
             <tr>\r\n<td>Date:</td>\r\n<td>2026/11/30 14:00:00</td>\r\n</tr>\r\n</table>\r\n<hr/>Powered by \
             Tengine/2.3.2<hr><center>tengine</center>\r\n</body>\r\n</html>\r\n"
                .to_owned(),
        ),
        (
            "nginx's 50x.html",
            "<!DOCTYPE html>\n<html>\n<head>\n<title>Error</title>\n<style>\nhtml { color-scheme: light dark; }\n</style>\n</head>\n\
             <body>\n<h1>An error occurred.</h1>\n<p>Sorry, the page you are looking for is currently unavailable.<br/>\nPlease try \
             again later.</p>\n<p>If you are the system administrator of this resource then you should check\nthe error log for \
             details.</p>\n<p><em>Faithfully yours, nginx.</em></p>\n</body>\n</html>\n"
                .to_owned(),
        ),
        ("openresty", nginx("502 Bad Gateway", "openresty/1.21.4.1")),
        (
            "Apache 500",
            apache(
                "500 Internal Server Error",
                "<p>The server encountered an internal error or\nmisconfiguration and was unable to complete\nyour \
                 request.</p>\n<p>Please contact the server administrator at \n webmaster@localhost to inform them of the time this \
                 error occurred,\n and the actions you performed just before this error.</p>\n<p>More information about this error \
                 may be available\nin the server error log.</p>\n",
            ),
        ),
        (
            "Apache 503",
            apache(
                "503 Service Unavailable",
                "<p>The server is temporarily unable to service your\nrequest due to maintenance downtime or capacity\nproblems. \
                 Please try again later.</p>\n<p>Additionally, a 503 Service Unavailable\nerror was encountered while trying to use \
                 an ErrorDocument to handle the request.</p>\n",
            ),
        ),
        (
            "Apache 502",
            apache(
                "502 Proxy Error",
                "<p>The proxy server received an invalid\nresponse from an upstream server.<br />\r\nThe proxy server could not \
                 handle the request <em><a href=\"/a\">GET&nbsp;/a</a></em>.<p>\nReason: <strong>Error reading from remote \
                 server</strong></p></p>\n",
            ),
        ),
        (
            "Apache 504",
            apache(
                "504 Gateway Timeout",
                "<p>The gateway did not receive a timely response\nfrom the upstream server or application.</p>\n",
            ),
        ),
        (
            "http.sys",
            "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\"http://www.w3.org/TR/html4/strict.dtd\">\r\n<HTML><HEAD><TITLE>\
             Service Unavailable</TITLE>\r\n<META HTTP-EQUIV=\"Content-Type\" Content=\"text/html; charset=us-ascii\"></HEAD>\r\n\
             <BODY><h2>Service Unavailable</h2>\r\n<hr><p>HTTP Error 503. The service is unavailable.</p>\r\n</BODY></HTML>\r\n"
                .to_owned(),
        ),
        (
            "IIS 500",
            iis(
                "500 - Internal server error.",
                "There is a problem with the resource you are looking for, and it cannot be displayed.",
            ),
        ),
        (
            "IIS 502",
            iis(
                "502 - Web server received an invalid response while acting as a gateway or proxy server.",
                "There is a problem with the page you are looking for, and it cannot be displayed. When the Web server (while \
                 acting as a gateway or proxy) contacted the upstream content server, it received an invalid response from the \
                 content server.",
            ),
        ),
        ("IIS, in short", "The page cannot be displayed because an internal server error has occurred.".to_owned()),
        ("Azure's gateway", nginx("502 Bad Gateway", "Microsoft-Azure-Application-Gateway/v2")),
        ("HAProxy 503", haproxy("503 Service Unavailable", "No server is available to handle this request.")),
        ("HAProxy 502", haproxy("502 Bad Gateway", "The server returned an invalid or incomplete response.")),
        ("HAProxy 504", haproxy("504 Gateway Time-out", "The server didn't respond in time.")),
        ("HAProxy 500", haproxy("500 Internal Server Error", "An internal server error occurred.")),
        ("Envoy", envoy.to_owned()),
        ("Envoy without a healthy host", "no healthy upstream".to_owned()),
        ("Traefik", "Bad Gateway".to_owned()),
        ("Traefik 3", "no available server\n".to_owned()),
        (
            "gunicorn",
            "<html>\n  <head>\n    <title>Internal Server Error</title>\n  </head>\n  <body>\n    <h1><p>Internal Server \
             Error</p></h1>\n    \n  </body>\n</html>\n"
                .to_owned(),
        ),
        ("uWSGI", "<h1>uWSGI Error</h1>\n\nPython application not found".to_owned()),
        ("uWSGI and Starlette", "Internal Server Error".to_owned()),
        (
            "Tomcat",
            tomcat(
                "<hr class=\"line\" /><p><b>Type</b> Exception Report</p><p><b>Message</b> null</p><p><b>Description</b> The server \
                 encountered an unexpected condition that prevented it from fulfilling the \
                 request.</p><p><b>Exception</b></p><pre>java.lang.NullPointerException\n</pre><hr class=\"line\" /><h3>Apache \
                 Tomcat/9.0.65</h3>",
            ),
        ),
        ("Tomcat without a report", tomcat("")),
        ("Jetty", jetty.to_owned()),
        ("Varnish", varnish.to_owned()),
        ("Fastly", fastly.to_owned()),
        (
            "lighttpd",
            "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\"\n         \
             \"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n<html xmlns=\"http://www.w3.org/1999/xhtml\" \
             xml:lang=\"en\" lang=\"en\">\n <head>\n  <title>503 Service Not Available</title>\n </head>\n <body>\n  <h1>503 Service \
             Not Available</h1>\n </body>\n</html>\n"
                .to_owned(),
        ),
        (
            "Express",
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Error</title>\n</head>\n<body>\n\
             <pre>Internal Server Error</pre>\n</body>\n</html>\n"
                .to_owned(),
        ),
        (
            "Django",
            "\n<!doctype html>\n<html lang=\"en\">\n<head>\n  <title>Server Error (500)</title>\n</head>\n<body>\n  <h1>Server Error \
             (500)</h1><p></p>\n</body>\n</html>\n"
                .to_owned(),
        ),
        (
            "Rails",
            rails(
                "We're sorry, but something went wrong (500)",
                "<div class=\"dialog\">\n<div>\n<h1>We're sorry, but something went wrong.</h1>\n</div>\n<p>If you are the \
                 application owner check the logs for more information.</p>\n</div>",
            ),
        ),
        (
            "Rails 8",
            rails(
                "We&#39;re sorry, but something went wrong (500 Internal Server Error)",
                "<main>\n<header>\n<svg height=\"172\" viewBox=\"0 0 480 172\"><path d=\"m101\" \
                 id=\"error-id\"/></svg>\n</header>\n<article>\n<p><strong>We're sorry, but something went wrong.</strong><br> \
                 If you're the application owner check the logs for more information.</p>\n</article>\n</main>",
            ),
        ),
        ("Passenger", passenger.to_owned()),
        ("Passenger, in short", html("", "<h1>Incomplete response received from application</h1>")),
        ("Spring Boot", whitelabel.to_owned()),
        ("ASP.NET", asp_net.to_owned()),
        ("PHP", String::new()),
        ("Symfony", symfony.to_owned()),
        ("Squid", squid.to_owned()),
        ("AWS's load balancer", html("503 Service Temporarily Unavailable", "<center><h1>503 Service Temporarily Unavailable</h1></center>")),
        ("CloudFront", cloudfront.to_owned()),
        ("Google's front end", google.to_owned()),
        ("Google's load balancer", google_balancer.to_owned()),
        (
            "Werkzeug",
            werkzeug(
                "500 Internal Server Error",
                "The server encountered an internal error and was unable to complete your request. Either the server is \
                 overloaded or there is an error in the application.",
            ),
        ),
        ("Werkzeug 504", werkzeug("504 Gateway Timeout", "The connection to an upstream server timed out.")),
        ("Laravel", laravel("500 Server Error")),
        ("Laravel's maintenance", laravel("503 Service Unavailable")),
        ("Next.js", next.to_owned()),
        (
            "Next.js, on the server",
            html(
                "",
                "<h2>Application error: a server-side exception has occurred while loading www.example.com (see the server logs \
                 for more information).</h2><p>Digest: 3919104780</p>",
            ),
        ),
        (
            "WordPress's critical error",
            wordpress(
                "WordPress &rsaquo; Error",
                "<p>There has been a critical error on this website.</p><p><a \
                 href=\"https://wordpress.org/documentation/article/faq-troubleshooting/\">Learn more about troubleshooting \
                 WordPress.</a></p>",
            ),
        ),
        (
            "WordPress without a database",
            wordpress("Database Error", "<h1>Error establishing a database connection</h1>"),
        ),
        ("LiteSpeed", litespeed.to_owned()),
        (
            "Heroku",
            "<!DOCTYPE html>\n<html>\n  <head>\n    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n    \
             <meta charset=\"utf-8\">\n    <title>Application Error</title>\n    <style media=\"screen\">\n      html,body,iframe { \
             margin: 0; }\n    </style>\n  </head>\n  <body>\n    <iframe \
             src=\"//www.herokucdn.com/error-pages/application-error.html\"></iframe>\n  </body>\n</html>"
                .to_owned(),
        ),
        ("Drupal", "The website encountered an unexpected error. Try again later.<br />".to_owned()),
    ]
}

#[test]
fn stock_pages_are_recognised() {
    let pages = stock_pages();
    assert!(pages.len() >= 50);
    for (server, page) in pages {
        assert!(page.len() as u64 <= LONGEST_STOCK_PAGE, "{server}: {}", page.len());
        assert_ne!(Author::of(&page), Author::Person, "{server}: {page}");
    }
}

#[test]
fn a_sentence_of_ones_own_on_a_stock_page_makes_it_ones_own() {
    for (server, page) in stock_pages() {
        for sentence in [
            "<p>Call us on our hotline.</p>",
            "<p>Мы скоро вернёмся</p>",
            "<p>ただいまメンテナンス中です</p>",
        ] {
            // Before the sentence after which a server writes what it likes.
            let own = match page.find("<body") {
                Some(at) => {
                    let at = at + page[at..].find('>').unwrap() + 1;
                    [&page[..at], sentence, &page[at..]].concat()
                }
                None => [sentence, &page].concat(),
            };
            assert_eq!(Author::of(&own), Author::Person, "{server}: {own}");
        }
    }
}

#[test]
fn what_people_wrote_is_theirs() {
    for page in [
        // It quotes a stock page, names the server, or looks like one.
        "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center>\
         <p>We know. Follow us at status.example.com</p></body></html>",
        "<h1>503 Service Unavailable</h1><p>Our nginx is being upgraded until 18:00.</p>",
        "<h1>Internal Server Error</h1><p>Error id: 8f2a, please tell it to our support.</p>",
        "<h1>We're sorry, but something went wrong.</h1><p>Write to help@example.com and mention your order.</p>",
        "<title>Error</title><h1>Oops!</h1><p>Our hamsters are on strike.</p>",
        "<h1>Service Unavailable</h1><p>See <a href=\"https://status.example.com\">status.example.com</a></p>",
        "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n<p>Acme Ltd.</p></body></html>",
        // WordPress's maintenance page says what ours cannot know.
        "<title>Maintenance</title><h1>Briefly unavailable for scheduled maintenance. Check back in a minute.</h1>",
        "<h1>Deploying version 12</h1><p>Back in two minutes.</p>",
        "Bad Gateway < our hotline is open",
        "Bad Gateway < our hotline > is open",
        // Short, and yet it says something.
        "<h1>Wartung</h1>",
        "Back at 10:00",
        "<p>Closed for stocktaking</p>",
        // In other languages and in characters written as references, or in an encoding that is not UTF-8.
        "<h1>Wir sind gleich wieder da</h1>",
        "<h1>&#32500;&#25252;&#20013;</h1>",
        "<h1>維護中，請稍後再試</h1>",
        "<h1>\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{fffd}</h1>",
        "<h1>Entretien du serveur &agrave; venir</h1>",
        // It says what it says without words, or by a script, or comes back by itself.
        "<img src=\"/maintenance.png\">",
        "<h1>503 Service Unavailable</h1><svg><path d='M0 0h1'/><text>Acme</text></svg>",
        "<div id=\"root\"></div><script src=\"/app.js\"></script>",
        "<h1>Service Unavailable</h1><script>setTimeout(() => location.reload(), 5000)</script>",
        "<meta http-equiv=\"refresh\" content=\"5\"><h1>Service Unavailable</h1>",
        "<link rel=\"stylesheet\" href=\"/brand.css\"><h1>Service Unavailable</h1>",
        "<style>body{background:url(/sorry.jpg)}</style><h1>Service Unavailable</h1>",
        "<iframe src=\"https://status.example.com/embed\"></iframe>",
        "<form action=\"/retry\"></form><h1>Bad Gateway</h1>",
        "<frameset><frame src=\"/sorry.html\"></frameset>",
        "<body background=\"/sorry.png\"><h1>Service Unavailable</h1>",
        "<body onload=\"location.href='/static-copy.html'\"><h1>Service Unavailable</h1>",
        "<h1 aria-label=\"We are moving house\">Service Unavailable</h1>",
        "<style>body::before{content:\"We are moving house\"}</style><h1>Service Unavailable</h1>",
        "<style>@import \"/brand.css\"</style><h1>Service Unavailable</h1>",
        "<style>body{background:linear-gradient(red,blue)}</style><h1>Service Unavailable</h1>",
        "<h1>503</h1><a href=\"https://status.example.com/\">503</a>",
        "<h1>Service Unavailable</h1><a href=\"tel:+49301234567\">503</a>",
        // Numbers that are no status and no version.
        "<h1>Service Unavailable</h1><p>+49 (0)30 1234567</p>",
        "<h1>502 Bad Gateway</h1><hr>nginx<p>0800 1234567</p>",
        "<h1>Service Unavailable</h1><p>2026-12-01</p>",
        "<h1>502</h1>：4001234567",
        "<h1>502</h1>☎4001234567",
        "<h1>502</h1>📞4001234567",
        "<h1>502</h1>\u{a0}4001234567",
        "<h1>502</h1>（400）1234567",
        // What a developer reads while debugging.
        "<title>TypeError at /</title><h1>TypeError at /</h1><pre>unsupported operand</pre>",
    ] {
        assert_eq!(Author::of(page), Author::Person, "{page}");
    }
}

#[test]
fn what_cannot_be_read_is_nobodys() {
    for page in [
        "",
        " \r\n\t",
        "<html><head></head><body></body></html>",
        "<!-- nothing -->",
        "<!-- never ended",
        "<style>h1 { color: red }",
        "<h1>busy</h1>",
        "<p>500</p>",
        "&nbsp;",
        "<h1>—</h1>",
        "oops",
    ] {
        assert_eq!(Author::of(page), Author::Nobody, "{page}");
    }
}

/// The blocks of `is_of_word` against the tables of Unicode, in what stands before telephone numbers.
#[test]
fn letters_of_every_script_make_words() {
    for c in "aZ0éßñłžΩжяאבءعहกあアー中文字한가ôẞ９Ａａ".chars() {
        assert!(is_of_word(c) && c.is_alphanumeric(), "{c}");
    }
    for c in " .,:;!?·»«…–—‑•：，。、（）「」『』【】〒☎☏✆📞📱€№→★\u{a0}\u{3000}\u{fffd}".chars()
    {
        assert!(!is_of_word(c) && !c.is_alphanumeric(), "{c}");
    }
}

#[test]
fn every_stock_sentence_can_be_found() {
    for line in stock_sentences().lines() {
        let words: Vec<_> = line.split(' ').collect();
        assert!(words[0].chars().all(|c| c.is_ascii_lowercase()), "{line}: begins with a word");
        for (at, word) in words.iter().enumerate() {
            let is_word = word.bytes().all(|byte| byte.is_ascii_lowercase());
            let is_last = at + 1 == words.len();
            let is_skip =
                *word == "*" && !is_last && words[at + 1].bytes().all(|byte| byte.is_ascii_lowercase());
            assert!(is_word || is_skip || *word == "…" && is_last, "{line}: {word}");
        }
        // Written as a server might, with something for what is skipped.
        let written = line.replace('*', "Something, here").replace('…', "And more.").to_uppercase();
        assert_ne!(Author::of(&format!("<h1>502</h1><p>{written}!</p>")), Author::Person, "{line}");
    }
}

mod hostile {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_has_some_author(page in "(<[a-z/!-]{0,8}>?|&#?x?[0-9a-z]{0,5};?|[ -~é]{0,9}){0,20}") {
            Author::of(&page);
        }

        #[test]
        fn words_that_no_server_says_are_a_persons(words in "[a-z]{6,9}( [a-z]{6,9}){3}") {
            prop_assume!(!words.split(' ').any(|word| stock_sentences().split_whitespace().any(|stock| stock == word)));
            prop_assert_eq!(Author::of(&["<h1>502 Bad Gateway</h1>", &words].concat()), Author::Person);
        }
    }
}
