language = Nederlands
direction = ltr

way = Waar het misgaat
you = U
network = Tussenliggend netwerk
server = Server

working = In orde
unreachable = Niet bereikbaar
bad-answer = Geen goed antwoord
too-late = Duurde te lang
unavailable = Niet beschikbaar
failed = Er ging iets mis
circle = Verzoek bleef rondgaan
misconfigured = Niet goed ingesteld
not-asked = Geen verzoek ontvangen

bad-answer-heading = De server gaf geen goed antwoord
unreachable-heading = De server is onbereikbaar
too-late-heading = De server deed er te lang over
unavailable-heading = De server is niet beschikbaar
failed-heading = Er ging iets mis op de server
circle-heading = Het verzoek bleef rondgaan
network-heading = Er ging iets mis aan onze kant

connection-fine = Uw verbinding is in orde.
unreachable-lead = We konden de server achter { $site } niet bereiken en hebben daarom geen goed antwoord voor u.
bad-answer-lead = De server achter { $site } brak het antwoord af of stuurde iets onbruikbaars.
too-late-lead = We hebben de server achter { $site } benaderd en gewacht, maar er kwam niet op tijd een volledig antwoord.
unavailable-lead = De server achter { $site } is op dit moment buiten gebruik. Misschien is hij overbelast of is er onderhoud.
not-sent-lead = De server achter { $site } heeft het zojuist ook bij anderen laten afweten. Daarom hebben we uw verzoek deze keer niet doorgestuurd.
failed-lead = Bij het verwerken van uw verzoek ging er iets mis op de server achter { $site }.
circle-lead = Uw verzoek aan { $site } kwam terug op een plek waar het al was geweest. Daarom hebben we het gestopt.
network-lead = Bij het verwerken van uw verzoek ging er iets mis in de tussenliggende dienst van { $site }.
misconfigured-lead = De tussenliggende dienst van { $site } is niet goed ingesteld en kon uw verzoek niet doorgeven.

not-processed = Uw verzoek is niet verwerkt: er is niets gewijzigd.
may-be-processed = Uw verzoek is misschien toch verwerkt. Controleer dit voordat u het opnieuw verstuurt, anders wordt het misschien twee keer uitgevoerd.

try-again = Probeer het { $when } opnieuw.
send-again = U kunt het { $when } gerust opnieuw versturen.
may-be-back = Misschien is de website { $when } weer bereikbaar.

moment = over een ogenblik
minute = over ongeveer een minuut
minutes = over een paar minuten
half-hour = over ongeveer een halfuur
hour = over ongeveer een uur
hours = over een paar uur
days = over een paar dagen

again = Opnieuw proberen
returning = Deze pagina blijft controleren en gaat terug naar de website zodra dat kan.
returned = De website is terug en wordt nu geladen.

more-help = Werkt het nog steeds niet?
support = Hulp krijgen
status = Status van de dienst

request = Verzoek
time = Tijdstip
address = Adres
copy = Gegevens kopiëren
copied = Gekopieerd

## Maintenance

maintenance-heading = Niet bereikbaar door onderhoud
maintenance-lead = Er is onderhoud aan { $site }. Daarna is de website weer bereikbaar.
maintenance = In onderhoud
