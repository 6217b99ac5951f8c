language = Dansk
direction = ltr

way = Hvor fejlen ligger
you = Du
network = Vores netværk
server = Vores server

working = Alt fungerer
unreachable = Kunne ikke nås
lost = Forbindelsen svigtede
bad-answer = Ugyldigt svar
too-late = Tog for lang tid
unavailable = Ikke tilgængelig
failed = Der opstod en fejl
circle = Ikke sat korrekt op
misconfigured = Ikke sat korrekt op
not-asked = Ikke kontaktet

unreachable-heading = Vi kan ikke få kontakt til vores server
lost-heading = Forbindelsen til vores server svigtede
bad-answer-heading = Vores server gav et ugyldigt svar
too-late-heading = Vores server er for længe om at svare
unavailable-heading = Vores server er ikke tilgængelig
failed-heading = Der opstod en fejl på vores server
circle-heading = Noget gik galt hos os
network-heading = Noget gik galt hos os

connection-fine = Vi beklager! Det er ikke din skyld, og din forbindelse er i orden.
unreachable-lead = Vi kunne ikke få kontakt til serveren bag { $site } og har derfor ikke noget at vise dig endnu.
lost-lead = Vores forbindelse til serveren bag { $site } kunne ikke oprettes, eller den blev afbrudt.
bad-answer-lead = Serveren bag { $site } sendte noget, som vi ikke kunne bruge.
too-late-lead = Vi kontaktede serveren bag { $site } og ventede, men der kom ikke et fuldt svar i tide.
unavailable-lead = Serveren bag { $site } er ude af drift lige nu. Den er måske overbelastet eller under vedligeholdelse.
not-sent-lead = Serveren bag { $site } har netop svigtet for andre, så vi har ikke sendt din anmodning videre denne gang.
failed-lead = Der opstod en fejl på serveren bag { $site }, mens den behandlede din anmodning.
circle-lead = En fejl i opsætningen af { $site } sendte din anmodning tilbage til udgangspunktet, så vi stoppede den.
network-lead = På vejen til serveren bag { $site } gik noget galt hos os, mens din anmodning blev behandlet.
misconfigured-lead = { $site } er ikke sat korrekt op hos os, så vi kunne ikke sende din anmodning videre.

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
returning = Denne side bliver ved med at tjekke. Så snart hjemmesiden er tilbage, åbner den af sig selv.
returned = Hjemmesiden er tilbage og åbnes nu.

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
maintenance-until = Forventes tilbage:
maintenance = Under vedligeholdelse
