### What the error pages say. English is the model: every other catalogue has the same messages with the same
### placeholders, or the build fails.
###
### Who reads this came for something else and cannot mend it: be calm, short and exact, name the side at fault
### without blaming, and use no technical words. { $site } is the site's name as its owner writes it (a brand or
### a host name): keep grammar from depending on it. { $when } is one of the messages under "When".

## About this catalogue

# The language's name in itself.
language = English
# ltr or rtl.
direction = ltr

## The way of a request, shown as three stops

way = Which part of the way failed
you = You
# The network between visitors and the site's own server.
network = Network in between
server = Server

## How a stop did, under its name

working = Working
unreachable = Could not be reached
bad-answer = Gave a bad answer
too-late = Took too long
unavailable = Unavailable
failed = Ran into an error
circle = Request went in a circle
misconfigured = Not set up correctly
# The request never got there.
not-asked = Not asked

## Headings

bad-answer-heading = The server gave a bad answer
unreachable-heading = The server could not be reached
too-late-heading = The server took too long
unavailable-heading = The server is unavailable
failed-heading = The server ran into an error
circle-heading = The request went in a circle
# The network is at fault, not the server.
network-heading = Something went wrong on our side

## What happened, in a sentence under the heading

# Stands before each of the next five.
connection-fine = Your connection is fine.
unreachable-lead = We could not reach the server behind { $site }, so there is no proper answer to show you.
bad-answer-lead = The server behind { $site } broke off, or sent something that could not be used.
too-late-lead = We asked the server behind { $site } and waited, but a whole answer did not come in time.
unavailable-lead = The server behind { $site } is out of service at the moment. It may be overloaded, or down for maintenance.
# In place of the first three, where nothing was sent: others have been failed in the same way a moment ago.
not-sent-lead = The server behind { $site } has just failed for others, so we did not send it your request this time.
failed-lead = The server behind { $site } failed while it worked on your request.
circle-lead = Your request to { $site } came back to where it had been before, so we stopped it.
network-lead = The service in front of { $site } failed while it worked on your request.
misconfigured-lead = The service in front of { $site } is not set up correctly and could not pass your request on.

## What became of a form that was sent, an order, a payment

not-processed = Your request was not processed: nothing has been changed.
may-be-processed = Your request may have been processed all the same. Please check before you send it again, or it could be done twice.

## What to do now

try-again = Please try again { $when }.
# After not-processed.
send-again = You can safely send it again { $when }.
# After may-be-processed.
may-be-back = The site may be back { $when }.

## When

moment = in a moment
minute = in about a minute
minutes = in a few minutes
half-hour = in about half an hour
hour = in about an hour
hours = in a few hours
days = in a few days

## Coming back

# On a button.
again = Try again
returning = This page keeps checking, and returns to the site as soon as it can.
returned = The site is back. Loading it now.

## Help

more-help = Still not working?
# Two links.
support = Get help
status = Service status

## Details to pass on

# Labels of the request's number, the time, and the page's address.
request = Request
time = Time
address = Address
# On a button.
copy = Copy details
# What the button says for a moment afterwards.
copied = Copied

## Maintenance

# The heading, and the sentence under it, while the site is closed on purpose.
maintenance-heading = Down for maintenance
maintenance-lead = { $site } is being worked on and will be back.
# What the server is doing, beside its name.
maintenance = Under maintenance
