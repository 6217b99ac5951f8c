language = Deutsch
direction = ltr

way = Wo auf dem Weg die Störung liegt
you = Sie
network = Vorgeschaltetes Netz
server = Server

working = Alles in Ordnung
unreachable = Nicht erreichbar
bad-answer = Fehlerhafte Antwort
too-late = Hat zu lange gebraucht
unavailable = Nicht verfügbar
failed = Fehler aufgetreten
circle = Anfrage lief im Kreis
misconfigured = Nicht richtig eingerichtet
not-asked = Keine Anfrage erhalten

bad-answer-heading = Der Server hat fehlerhaft geantwortet
unreachable-heading = Der Server war nicht zu erreichen
too-late-heading = Der Server hat zu lange gebraucht
unavailable-heading = Der Server ist nicht verfügbar
failed-heading = Auf dem Server ist ein Fehler aufgetreten
circle-heading = Die Anfrage ist im Kreis gelaufen
network-heading = Bei uns ist etwas schiefgegangen

connection-fine = Ihre Verbindung ist in Ordnung.
unreachable-lead = Wir konnten den Server von { $site } nicht erreichen und können die Seite deshalb nicht anzeigen.
bad-answer-lead = Der Server von { $site } hat die Antwort abgebrochen oder etwas Unbrauchbares gesendet.
too-late-lead = Wir haben beim Server von { $site } angefragt und gewartet, aber eine vollständige Antwort kam nicht rechtzeitig.
unavailable-lead = Der Server von { $site } ist zurzeit außer Betrieb. Vielleicht ist er überlastet oder wird gewartet.
not-sent-lead = Der Server von { $site } hat eben erst bei anderen versagt. Deshalb haben wir Ihre Anfrage diesmal nicht an ihn geschickt.
failed-lead = Auf dem Server von { $site } ist beim Bearbeiten Ihrer Anfrage ein Fehler aufgetreten.
circle-lead = Ihre Anfrage an { $site } kam dorthin zurück, wo sie schon gewesen war. Deshalb haben wir sie abgebrochen.
network-lead = Beim vorgeschalteten Dienst von { $site } ist beim Bearbeiten Ihrer Anfrage ein Fehler aufgetreten.
misconfigured-lead = Der vorgeschaltete Dienst von { $site } ist nicht richtig eingerichtet und konnte Ihre Anfrage nicht weiterleiten.

not-processed = Ihre Anfrage wurde nicht bearbeitet: Es wurde nichts geändert.
may-be-processed = Ihre Anfrage wurde möglicherweise trotzdem bearbeitet. Bitte prüfen Sie das, bevor Sie sie erneut senden, sonst wird sie vielleicht doppelt ausgeführt.

try-again = Bitte versuchen Sie es { $when } noch einmal.
send-again = Sie können sie { $when } unbesorgt noch einmal senden.
may-be-back = Vielleicht ist die Website { $when } wieder erreichbar.

moment = in wenigen Augenblicken
minute = in etwa einer Minute
minutes = in einigen Minuten
half-hour = in etwa einer halben Stunde
hour = in etwa einer Stunde
hours = in einigen Stunden
days = in einigen Tagen

again = Erneut versuchen
returning = Diese Seite prüft laufend, ob die Website wieder erreichbar ist, und öffnet sie dann.
returned = Die Website ist wieder da und wird geladen.

more-help = Funktioniert es immer noch nicht?
support = Hilfe erhalten
status = Status des Dienstes

request = Anfrage
time = Zeitpunkt
address = Adresse
copy = Angaben kopieren
copied = Kopiert

## Maintenance

maintenance-heading = Wegen Wartung nicht erreichbar
maintenance-lead = { $site } wird gerade gewartet und ist danach wieder da.
maintenance = Wird gewartet
