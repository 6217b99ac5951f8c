language = Suomi
direction = ltr

way = Missä vika on
you = Sinä
network = Välittävä verkko
server = Palvelin

working = Kunnossa
unreachable = Ei saatu yhteyttä
bad-answer = Virheellinen vastaus
too-late = Kesti liian kauan
unavailable = Ei käytettävissä
failed = Tapahtui virhe
circle = Pyyntö kiersi kehää
misconfigured = Virhe asetuksissa
not-asked = Ei saanut pyyntöä

bad-answer-heading = Palvelin antoi virheellisen vastauksen
unreachable-heading = Palvelimeen ei saatu yhteyttä
too-late-heading = Palvelimella kesti liian kauan
unavailable-heading = Palvelin ei ole käytettävissä
failed-heading = Palvelimella tapahtui virhe
circle-heading = Pyyntö kiersi kehää
network-heading = Meillä tapahtui virhe

connection-fine = Yhteytesi toimii.
unreachable-lead = Emme saaneet yhteyttä sivuston { $site } palvelimeen, joten emme voi näyttää sivua.
bad-answer-lead = Sivuston { $site } palvelin keskeytti vastauksen tai lähetti jotain, mitä ei voitu käyttää.
too-late-lead = Otimme yhteyttä sivuston { $site } palvelimeen ja odotimme, mutta koko vastaus ei tullut ajoissa.
unavailable-lead = Sivuston { $site } palvelin on tällä hetkellä poissa käytöstä. Se voi olla ylikuormittunut tai huollossa.
not-sent-lead = Sivuston { $site } palvelin on juuri pettänyt muilta, joten emme lähettäneet pyyntöäsi sille tällä kertaa.
failed-lead = Sivuston { $site } palvelimella tapahtui virhe pyyntösi käsittelyssä.
circle-lead = Pyyntösi sivustolle { $site } palasi paikkaan, jossa se oli jo käynyt, joten pysäytimme sen.
network-lead = Sivustoa { $site } välittävässä palvelussa tapahtui virhe pyyntösi käsittelyssä.
misconfigured-lead = Sivustoa { $site } välittävän palvelun asetuksissa on virhe, eikä pyyntöäsi voitu lähettää eteenpäin.

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
returning = Tämä sivu seuraa tilannetta ja palaa sivustolle heti, kun se on mahdollista.
returned = Sivusto toimii taas, ja sitä ladataan.

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
maintenance = Huollossa
