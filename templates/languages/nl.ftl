language = Nederlands
direction = ltr

way = Waar het misgaat
you = U
network = Ons netwerk
server = Onze server

working = In orde
unreachable = Niet bereikbaar
lost = Verbinding mislukt
bad-answer = Geen goed antwoord
too-late = Duurde te lang
unavailable = Niet beschikbaar
failed = Er ging iets mis
circle = Niet goed ingesteld
misconfigured = Niet goed ingesteld
not-asked = Geen verzoek ontvangen

unreachable-heading = We kunnen onze server niet bereiken
lost-heading = De verbinding met onze server is mislukt
bad-answer-heading = Onze server gaf geen goed antwoord
too-late-heading = Onze server doet er te lang over
unavailable-heading = Onze server is niet beschikbaar
failed-heading = Er ging iets mis op onze server
circle-heading = Er ging iets mis aan onze kant
network-heading = Er ging iets mis aan onze kant

connection-fine = Sorry! Dit ligt niet aan u, en uw verbinding is in orde.
unreachable-lead = We konden de server van { $site } niet bereiken en kunnen u daarom nog niets laten zien.
lost-lead = Onze verbinding met de server van { $site } kwam niet tot stand of werd verbroken.
bad-answer-lead = De server van { $site } stuurde iets wat we niet konden gebruiken.
too-late-lead = We hebben de server van { $site } benaderd en gewacht, maar er kwam niet op tijd een volledig antwoord.
unavailable-lead = De server van { $site } is op dit moment buiten gebruik. Misschien is hij overbelast of wordt eraan gewerkt.
not-sent-lead = De server van { $site } heeft het zojuist ook bij anderen laten afweten. Daarom hebben we uw verzoek deze keer niet doorgestuurd.
failed-lead = Bij het verwerken van uw verzoek ging er iets mis op de server van { $site }.
circle-lead = Door een fout in de instellingen van { $site } keerde uw verzoek terug naar waar het vandaan kwam. Daarom hebben we het gestopt.
network-lead = Op weg naar de server van { $site } ging er bij ons iets mis bij het verwerken van uw verzoek.
misconfigured-lead = { $site } is aan onze kant niet goed ingesteld. Daarom konden we uw verzoek niet doorgeven.

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
returning = Deze pagina blijft controleren. Zodra de website terug is, gaat die vanzelf open.
returned = De website is terug en wordt nu geopend.

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
maintenance-until = Naar verwachting terug:
maintenance = In onderhoud
