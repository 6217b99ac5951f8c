language = Norsk bokmål
direction = ltr

way = Hvor feilen ligger
you = Du
network = Nettverket vårt
server = Serveren vår

working = Alt fungerer
unreachable = Kunne ikke nås
lost = Forbindelsen sviktet
bad-answer = Ugyldig svar
too-late = Tok for lang tid
unavailable = Ikke tilgjengelig
failed = Det oppsto en feil
circle = Ikke riktig satt opp
misconfigured = Ikke riktig satt opp
not-asked = Ikke kontaktet

unreachable-heading = Vi får ikke kontakt med serveren vår
lost-heading = Forbindelsen til serveren vår sviktet
bad-answer-heading = Serveren vår ga et ugyldig svar
too-late-heading = Serveren vår bruker for lang tid
unavailable-heading = Serveren vår er ikke tilgjengelig
failed-heading = Det oppsto en feil på serveren vår
circle-heading = Noe gikk galt hos oss
network-heading = Noe gikk galt hos oss

connection-fine = Beklager! Dette er ikke din feil, og forbindelsen din er i orden.
unreachable-lead = Vi fikk ikke kontakt med serveren til { $site } og har derfor ikke noe å vise deg ennå.
lost-lead = Forbindelsen mellom oss og serveren til { $site } kunne ikke opprettes, eller den ble brutt.
bad-answer-lead = Serveren til { $site } sendte noe som vi ikke kunne bruke.
too-late-lead = Vi kontaktet serveren til { $site } og ventet, men et fullstendig svar kom ikke i tide.
unavailable-lead = Serveren til { $site } er ute av drift akkurat nå. Den kan være overbelastet eller under vedlikehold.
not-sent-lead = Serveren til { $site } har nettopp sviktet for andre, så vi sendte ikke forespørselen din videre denne gangen.
failed-lead = Det oppsto en feil på serveren til { $site } mens den behandlet forespørselen din.
circle-lead = En feil i oppsettet av { $site } sendte forespørselen din tilbake dit den kom fra, så vi stoppet den.
network-lead = På veien til serveren til { $site } gikk noe galt hos oss mens forespørselen din ble behandlet.
misconfigured-lead = { $site } er ikke riktig satt opp hos oss, så vi kunne ikke sende forespørselen din videre.

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
returning = Denne siden fortsetter å sjekke. Så snart nettstedet er tilbake, åpnes det av seg selv.
returned = Nettstedet er tilbake og åpnes nå.

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
maintenance-until = Forventes tilbake:
maintenance = Under vedlikehold
