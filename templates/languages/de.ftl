language = Deutsch
direction = ltr

way = Wo auf dem Weg die Störung liegt
you = Sie
network = Unser Netz
server = Unser Server

working = Alles in Ordnung
unreachable = Nicht erreichbar
lost = Verbindung gestört
bad-answer = Fehlerhafte Antwort
too-late = Hat zu lange gebraucht
unavailable = Nicht verfügbar
failed = Fehler aufgetreten
circle = Falsch eingerichtet
misconfigured = Falsch eingerichtet
not-asked = Keine Anfrage erhalten

unreachable-heading = Wir erreichen unseren Server nicht
lost-heading = Die Verbindung zu unserem Server ist fehlgeschlagen
bad-answer-heading = Unser Server hat fehlerhaft geantwortet
too-late-heading = Unser Server braucht zu lange
unavailable-heading = Unser Server ist nicht verfügbar
failed-heading = Auf unserem Server ist ein Fehler aufgetreten
circle-heading = Bei uns ist etwas schiefgegangen
network-heading = Bei uns ist etwas schiefgegangen

connection-fine = Entschuldigung! Es liegt nicht an Ihnen, und Ihre Verbindung ist in Ordnung.
unreachable-lead = Wir konnten den Server von { $site } nicht erreichen und können Ihnen deshalb noch nichts anzeigen.
lost-lead = Unsere Verbindung zum Server von { $site } kam nicht zustande oder ist abgebrochen.
bad-answer-lead = Der Server von { $site } hat etwas gesendet, das wir nicht verwenden konnten.
too-late-lead = Wir haben beim Server von { $site } angefragt und gewartet, aber eine vollständige Antwort kam nicht rechtzeitig.
unavailable-lead = Der Server von { $site } ist zurzeit außer Betrieb. Vielleicht ist er überlastet oder wird gewartet.
not-sent-lead = Der Server von { $site } hat eben erst bei anderen versagt. Deshalb haben wir Ihre Anfrage diesmal nicht an ihn geschickt.
failed-lead = Auf dem Server von { $site } ist beim Bearbeiten Ihrer Anfrage ein Fehler aufgetreten.
circle-lead = Durch einen Fehler in der Einrichtung von { $site } kam Ihre Anfrage dorthin zurück, wo sie herkam. Deshalb haben wir sie abgebrochen.
network-lead = Auf dem Weg zum Server von { $site } ist bei uns beim Bearbeiten Ihrer Anfrage ein Fehler aufgetreten.
misconfigured-lead = { $site } ist bei uns nicht richtig eingerichtet. Deshalb konnten wir Ihre Anfrage nicht weiterleiten.

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
returning = Diese Seite prüft laufend, ob die Website wieder da ist, und öffnet sie dann von selbst.
returned = Die Website ist wieder da und wird jetzt geöffnet.

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
maintenance-until = Voraussichtlich wieder da:
maintenance = Wird gewartet
