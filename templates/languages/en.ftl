### What the error pages say. English is the model: every other catalogue has the same messages with the same
### placeholders, or the build fails.
###
### Who reads this came for something else and cannot mend it: be calm, short and exact, name the side at fault
### without blaming, and use no technical words. "We" are the people of the site, whose server it is. { $site } is
### the site's name as its owner writes it (a brand or a host name): keep grammar from depending on it. { $when } is
### one of the messages under "When".

## About this catalogue

# The language's name in itself.
language = English
# ltr or rtl.
direction = ltr

## The way of a request, shown as three stops

way = Which part of the way failed
you = You
# What of the site stands between visitors and its own server.
network = Our network
server = Our server

## How a stop did, under its name

working = Working
unreachable = Could not be reached
lost = Connection failed
bad-answer = Sent a bad answer
too-late = Took too long
unavailable = Not available
failed = Ran into an error
# A request that came back to where it had been before.
circle = Not set up correctly
misconfigured = Not set up correctly
# The request never got there.
not-asked = Not asked

## Headings

unreachable-heading = We can't reach our server
lost-heading = The connection to our server failed
bad-answer-heading = Our server sent a bad answer
too-late-heading = Our server is taking too long
unavailable-heading = Our server is not available
failed-heading = Our server ran into an error
# In both, our network is at fault and not the server.
circle-heading = Something went wrong on our side
network-heading = Something went wrong on our side

## What happened, in sentences under the heading

# Stands before each of the others.
connection-fine = Sorry! This is not your fault, and your connection is fine.
unreachable-lead = We could not reach the server of { $site }, so there is nothing to show you yet.
# It may have refused, or have broken off at any time: nobody knows which.
lost-lead = The connection between us and the server of { $site } could not be made, or it broke off.
bad-answer-lead = The server of { $site } sent something that we could not use.
too-late-lead = We asked the server of { $site } and waited, but a whole answer did not come in time.
unavailable-lead = The server of { $site } is out of service at the moment. It may be overloaded, or being worked on.
# In place of the first five, where nothing was sent: others have been failed in the same way a moment ago.
not-sent-lead = The server of { $site } has just failed for others, so we did not send it your request this time.
failed-lead = The server of { $site } failed while it worked on your request.
circle-lead = A mistake in the set-up of { $site } led your request back to where it came from, so we stopped it.
network-lead = On the way to the server of { $site }, something of ours failed while it worked on your request.
misconfigured-lead = { $site } is not set up correctly on our side, so we could not pass your request on.

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
returning = This page keeps checking. As soon as the site is back, it opens by itself.
returned = The site is back. Opening it now.

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
# Before a date and a time.
maintenance-until = Expected back:
# What the server is doing, beside its name.
maintenance = Under maintenance
