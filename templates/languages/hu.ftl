language = Magyar
direction = ltr

way = Hol történt a hiba
you = Ön
network = A hálózatunk
server = A szerverünk

working = Minden rendben
unreachable = Nem sikerült elérni
lost = Kapcsolati hiba
bad-answer = Hibás válasz
too-late = Túl sokáig tartott
unavailable = Nem üzemel
failed = Hiba történt
circle = Hibás beállítás
misconfigured = Hibás beállítás
not-asked = Nem kapott kérést

unreachable-heading = Nem érjük el a szerverünket
lost-heading = Hiba a szerverünkkel való kapcsolatban
bad-answer-heading = A szerverünk hibás választ adott
too-late-heading = A szerverünk túl lassan válaszol
unavailable-heading = A szerverünk nem üzemel
failed-heading = A szerverünkön hiba történt
circle-heading = Hiba történt nálunk
network-heading = Hiba történt nálunk

connection-fine = Elnézést kérünk! Ez nem az Ön hibája, és az internetkapcsolata rendben van.
unreachable-lead = Nem értük el a webhely ({ $site }) szerverét, ezért egyelőre nincs mit megjelenítenünk.
lost-lead = A kapcsolatunk a webhely ({ $site }) szerverével nem jött létre, vagy megszakadt.
bad-answer-lead = A webhely ({ $site }) szervere olyasmit küldött, amit nem tudtunk felhasználni.
too-late-lead = Megkerestük a webhely ({ $site }) szerverét, és vártunk, de a teljes válasz nem érkezett meg időben.
unavailable-lead = A webhely ({ $site }) szervere jelenleg nem üzemel. Lehet, hogy túlterhelt, vagy karbantartás alatt áll.
not-sent-lead = A webhely ({ $site }) szervere az imént másoknál is hibázott, ezért a kérését ezúttal nem küldtük el neki.
failed-lead = A webhely ({ $site }) szerverén hiba történt az Ön kérésének feldolgozása közben.
circle-lead = A webhely ({ $site }) hibás beállítása miatt a kérése visszajutott oda, ahonnan jött, ezért leállítottuk.
network-lead = A webhely ({ $site }) szerveréhez vezető úton nálunk hiba történt az Ön kérésének feldolgozása közben.
misconfigured-lead = A webhely ({ $site }) nálunk nincs jól beállítva, ezért nem tudtuk továbbítani a kérését.

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
returning = Ez az oldal folyamatosan ellenőrzi a webhelyet, és amint az újra elérhető, magától megnyitja.
returned = A webhely újra elérhető. Most megnyitjuk.

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
maintenance-until = Várhatóan újra elérhető:
maintenance = Karbantartás alatt
