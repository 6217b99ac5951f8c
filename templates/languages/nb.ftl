language = Norsk bokmål
direction = ltr

way = Hvor feilen ligger
you = Du
network = Mellomliggende nettverk
server = Server

working = Alt fungerer
unreachable = Kunne ikke nås
bad-answer = Ugyldig svar
too-late = Tok for lang tid
unavailable = Ikke tilgjengelig
failed = Det oppsto en feil
circle = Forespørselen gikk i ring
misconfigured = Ikke riktig satt opp
not-asked = Ikke kontaktet

bad-answer-heading = Serveren ga et ugyldig svar
unreachable-heading = Serveren kunne ikke nås
too-late-heading = Serveren brukte for lang tid
unavailable-heading = Serveren er ikke tilgjengelig
failed-heading = Det oppsto en feil på serveren
circle-heading = Forespørselen gikk i ring
network-heading = Noe gikk galt hos oss

connection-fine = Forbindelsen din er i orden.
unreachable-lead = Vi fikk ikke kontakt med serveren bak { $site } og har derfor ikke noe ordentlig svar å vise deg.
bad-answer-lead = Serveren bak { $site } avbrøt svaret eller sendte noe som ikke kunne brukes.
too-late-lead = Vi kontaktet serveren bak { $site } og ventet, men et fullstendig svar kom ikke i tide.
unavailable-lead = Serveren bak { $site } er ute av drift akkurat nå. Den kan være overbelastet eller under vedlikehold.
not-sent-lead = Serveren bak { $site } har nettopp sviktet for andre, så vi sendte ikke forespørselen din videre denne gangen.
failed-lead = Det oppsto en feil på serveren bak { $site } mens den behandlet forespørselen din.
circle-lead = Forespørselen din til { $site } kom tilbake dit den allerede hadde vært, så vi stoppet den.
network-lead = Det oppsto en feil i tjenesten foran { $site } mens den behandlet forespørselen din.
misconfigured-lead = Tjenesten foran { $site } er ikke riktig satt opp og kunne ikke sende forespørselen din videre.

not-processed = Forespørselen din ble ikke behandlet, og ingenting er endret.
may-be-processed = Forespørselen din kan likevel ha blitt behandlet. Sjekk det før du sender den på nytt, ellers kan den bli utført to ganger.

try-again = Prøv igjen { $when }.
send-again = Du kan trygt sende den på nytt { $when }.
may-be-back = Nettstedet er kanskje tilbake { $when }.

moment = om et øyeblikk
minute = om cirka ett minutt
minutes = om noen minutter
half-hour = om cirka en halvtime
hour = om cirka en time
hours = om noen timer
days = om noen dager

again = Prøv igjen
returning = Denne siden fortsetter å sjekke og går tilbake til nettstedet så snart det er mulig.
returned = Nettstedet er tilbake og lastes inn nå.

more-help = Virker det fortsatt ikke?
support = Få hjelp
status = Driftsstatus

request = Forespørsel
time = Tidspunkt
address = Adresse
copy = Kopier opplysninger
copied = Kopiert

## Maintenance

maintenance-heading = Nede for vedlikehold
maintenance-lead = { $site } er under vedlikehold og kommer tilbake når arbeidet er ferdig.
maintenance = Under vedlikehold
