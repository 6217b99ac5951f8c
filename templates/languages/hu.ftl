language = Magyar
direction = ltr

way = Hol történt a hiba
you = Ön
network = Közvetítő hálózat
server = Szerver

working = Minden rendben
unreachable = Nem sikerült elérni
bad-answer = Hibás válasz
too-late = Túl sokáig tartott
unavailable = Nem üzemel
failed = Hiba történt
circle = A kérés körbe-körbe járt
misconfigured = Hibás beállítás
not-asked = Nem kapott kérést

bad-answer-heading = A szerver hibás választ adott
unreachable-heading = A szerver nem érhető el
too-late-heading = A szerver nem válaszolt időben
unavailable-heading = A szerver nem üzemel
failed-heading = A szerveren hiba történt
circle-heading = A kérés körbe-körbe járt
network-heading = Hiba történt nálunk

connection-fine = Az internetkapcsolata rendben van.
unreachable-lead = Nem értük el a webhely ({ $site }) szerverét, ezért nem tudjuk megjeleníteni az oldalt.
bad-answer-lead = A webhely ({ $site }) szervere megszakította a választ, vagy használhatatlan választ küldött.
too-late-lead = Megkerestük a webhely ({ $site }) szerverét, és vártunk, de a teljes válasz nem érkezett meg időben.
unavailable-lead = A webhely ({ $site }) szervere jelenleg nem üzemel. Lehet, hogy túlterhelt, vagy karbantartás alatt áll.
not-sent-lead = A webhely ({ $site }) szervere az imént másoknál is hibázott, ezért a kérését ezúttal nem küldtük el neki.
failed-lead = A webhely ({ $site }) szerverén hiba történt az Ön kérésének feldolgozása közben.
circle-lead = A webhelynek ({ $site }) küldött kérése visszajutott oda, ahol már járt, ezért leállítottuk.
network-lead = A webhely ({ $site }) közvetítő szolgáltatásában hiba történt az Ön kérésének feldolgozása közben.
misconfigured-lead = A webhely ({ $site }) közvetítő szolgáltatása nincs jól beállítva, ezért nem tudta továbbítani a kérését.

not-processed = A kérését nem dolgozták fel: semmi sem változott.
may-be-processed = Lehet, hogy a kérését mégis feldolgozták. Kérjük, ellenőrizze, mielőtt újra elküldi, különben kétszer is teljesülhet.

try-again = Kérjük, próbálja újra { $when }.
send-again = Nyugodtan elküldheti újra { $when }.
may-be-back = A webhely { $when } talán újra elérhető lesz.

moment = néhány pillanat múlva
minute = körülbelül egy perc múlva
minutes = néhány perc múlva
half-hour = körülbelül fél óra múlva
hour = körülbelül egy óra múlva
hours = néhány óra múlva
days = néhány nap múlva

again = Újrapróbálás
returning = Ez az oldal folyamatosan ellenőrzi a webhelyet, és amint lehet, visszatér rá.
returned = A webhely újra elérhető, betöltése folyamatban van.

more-help = Még mindig nem működik?
support = Segítségkérés
status = Szolgáltatás állapota

request = Kérés
time = Időpont
address = Cím
copy = Adatok másolása
copied = Másolva

## Maintenance

maintenance-heading = Karbantartás folyik
maintenance-lead = A webhelyen ({ $site }) karbantartás folyik, utána újra elérhető lesz.
maintenance = Karbantartás alatt
