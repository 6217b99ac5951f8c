language = Suomi
direction = ltr

way = Missä vika on
you = Sinä
network = Verkkomme
server = Palvelimemme

working = Kunnossa
unreachable = Ei saatu yhteyttä
lost = Yhteys epäonnistui
bad-answer = Virheellinen vastaus
too-late = Kesti liian kauan
unavailable = Ei käytettävissä
failed = Tapahtui virhe
circle = Virhe asetuksissa
misconfigured = Virhe asetuksissa
not-asked = Ei saanut pyyntöä

unreachable-heading = Emme saa yhteyttä palvelimeemme
lost-heading = Yhteys palvelimeemme epäonnistui
bad-answer-heading = Palvelimemme antoi virheellisen vastauksen
too-late-heading = Palvelimellamme kestää liian kauan
unavailable-heading = Palvelimemme ei ole käytettävissä
failed-heading = Palvelimellamme tapahtui virhe
circle-heading = Meillä tapahtui virhe
network-heading = Meillä tapahtui virhe

connection-fine = Pahoittelemme! Tämä ei johdu sinusta, ja yhteytesi toimii.
unreachable-lead = Emme saaneet yhteyttä sivuston { $site } palvelimeen, joten meillä ei ole vielä mitään näytettävää.
lost-lead = Yhteyttä sivuston { $site } palvelimeen ei voitu muodostaa, tai se katkesi.
bad-answer-lead = Sivuston { $site } palvelin lähetti jotain, mitä emme voineet käyttää.
too-late-lead = Otimme yhteyttä sivuston { $site } palvelimeen ja odotimme, mutta koko vastaus ei tullut ajoissa.
unavailable-lead = Sivuston { $site } palvelin on tällä hetkellä poissa käytöstä. Se voi olla ylikuormittunut tai huollossa.
not-sent-lead = Sivuston { $site } palvelin ei äsken toiminut muillakaan, joten emme lähettäneet pyyntöäsi sille tällä kertaa.
failed-lead = Sivuston { $site } palvelimella tapahtui virhe pyyntösi käsittelyssä.
circle-lead = Virhe sivuston { $site } asetuksissa ohjasi pyyntösi takaisin sinne, mistä se tuli, joten pysäytimme sen.
network-lead = Matkalla sivuston { $site } palvelimelle meillä tapahtui virhe pyyntösi käsittelyssä.
misconfigured-lead = Sivuston { $site } asetuksissa on meidän päässämme virhe, joten emme voineet lähettää pyyntöäsi eteenpäin.

not-processed = Pyyntöäsi ei käsitelty: mikään ei ole muuttunut.
may-be-processed = Pyyntösi on silti saatettu käsitellä. Tarkista tilanne, ennen kuin lähetät pyynnön uudelleen, jottei sitä käsitellä kahdesti.

try-again = Yritä uudelleen { $when }.
send-again = Voit lähettää sen huoletta uudelleen { $when }.
may-be-back = Sivusto saattaa toimia taas { $when }.

moment = hetken kuluttua
minute = noin minuutin kuluttua
minutes = muutaman minuutin kuluttua
half-hour = noin puolen tunnin kuluttua
hour = noin tunnin kuluttua
hours = muutaman tunnin kuluttua
days = muutaman päivän kuluttua

again = Yritä uudelleen
returning = Tämä sivu seuraa tilannetta. Heti kun sivusto toimii taas, se avautuu itsestään.
returned = Sivusto toimii taas. Se avataan nyt.

more-help = Eikö se vieläkään toimi?
support = Pyydä apua
status = Palvelun tila

request = Pyyntö
time = Aika
address = Osoite
copy = Kopioi tiedot
copied = Kopioitu

## Maintenance

maintenance-heading = Huoltokatko
maintenance-lead = Sivustoa { $site } huolletaan parhaillaan. Se palaa käyttöön huollon jälkeen.
maintenance-until = Arvioitu paluuaika:
maintenance = Huollossa
