language = Dansk
direction = ltr

way = Hvor fejlen ligger
you = Du
network = Mellemliggende netværk
server = Server

working = Alt fungerer
unreachable = Kunne ikke nås
bad-answer = Ugyldigt svar
too-late = Tog for lang tid
unavailable = Ikke tilgængelig
failed = Der opstod en fejl
circle = Anmodningen kørte i ring
misconfigured = Ikke sat korrekt op
not-asked = Ikke kontaktet

bad-answer-heading = Serveren gav et ugyldigt svar
unreachable-heading = Serveren kunne ikke nås
too-late-heading = Serveren var for længe om at svare
unavailable-heading = Serveren er ikke tilgængelig
failed-heading = Der opstod en fejl på serveren
circle-heading = Anmodningen kørte i ring
network-heading = Noget gik galt hos os

connection-fine = Din forbindelse er i orden.
unreachable-lead = Vi kunne ikke få kontakt til serveren bag { $site } og har derfor ikke noget rigtigt svar at vise dig.
bad-answer-lead = Serveren bag { $site } afbrød svaret eller sendte noget, der ikke kunne bruges.
too-late-lead = Vi kontaktede serveren bag { $site } og ventede, men der kom ikke et fuldt svar i tide.
unavailable-lead = Serveren bag { $site } er ude af drift lige nu. Den er måske overbelastet eller under vedligeholdelse.
not-sent-lead = Serveren bag { $site } har netop svigtet for andre, så vi har ikke sendt din forespørgsel videre denne gang.
failed-lead = Der opstod en fejl på serveren bag { $site }, mens den behandlede din anmodning.
circle-lead = Din anmodning til { $site } kom tilbage til et sted, hvor den allerede havde været, så vi stoppede den.
network-lead = Der opstod en fejl i tjenesten foran { $site }, mens den behandlede din anmodning.
misconfigured-lead = Tjenesten foran { $site } er ikke sat korrekt op og kunne ikke sende din anmodning videre.

not-processed = Din anmodning blev ikke behandlet, og intet er ændret.
may-be-processed = Din anmodning kan være blevet behandlet alligevel. Tjek det, før du sender den igen, ellers bliver den måske udført to gange.

try-again = Prøv igen { $when }.
send-again = Du kan trygt sende den igen { $when }.
may-be-back = Hjemmesiden er måske tilbage { $when }.

moment = om et øjeblik
minute = om cirka et minut
minutes = om nogle minutter
half-hour = om cirka en halv time
hour = om cirka en time
hours = om nogle timer
days = om nogle dage

again = Prøv igen
returning = Denne side bliver ved med at tjekke og går til hjemmesiden, så snart det kan lade sig gøre.
returned = Hjemmesiden er tilbage og indlæses nu.

more-help = Virker det stadig ikke?
support = Få hjælp
status = Driftsstatus

request = Anmodning
time = Tidspunkt
address = Adresse
copy = Kopiér oplysninger
copied = Kopieret

## Maintenance

maintenance-heading = Lukket på grund af vedligeholdelse
maintenance-lead = { $site } er under vedligeholdelse og vender tilbage, når arbejdet er færdigt.
maintenance = Under vedligeholdelse
