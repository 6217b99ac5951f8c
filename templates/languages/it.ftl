language = Italiano
direction = ltr

way = Dove si trova il problema
you = Dispositivo
network = La nostra rete
server = Il nostro server

working = Nessun problema
unreachable = Non raggiungibile
lost = Connessione fallita
bad-answer = Risposta non valida
too-late = Ha impiegato troppo tempo
unavailable = Non disponibile
failed = Si è verificato un errore
circle = Configurazione errata
misconfigured = Configurazione errata
not-asked = Richiesta non ricevuta

unreachable-heading = Non riusciamo a raggiungere il nostro server
lost-heading = La connessione con il nostro server è fallita
bad-answer-heading = Il nostro server ha dato una risposta non valida
too-late-heading = Il nostro server sta impiegando troppo tempo
unavailable-heading = Il nostro server non è disponibile
failed-heading = Si è verificato un errore sul nostro server
circle-heading = Qualcosa non ha funzionato da parte nostra
network-heading = Qualcosa non ha funzionato da parte nostra

connection-fine = Ci dispiace! Il problema non dipende da Lei e la connessione a Internet funziona.
unreachable-lead = Non siamo riusciti a raggiungere il server del sito { $site }, quindi non abbiamo ancora nulla da mostrare.
lost-lead = La nostra connessione con il server del sito { $site } non è stata stabilita o si è interrotta.
bad-answer-lead = Il server del sito { $site } ha inviato qualcosa che non abbiamo potuto utilizzare.
too-late-lead = Abbiamo contattato il server del sito { $site } e atteso, ma la risposta completa non è arrivata in tempo.
unavailable-lead = Il server del sito { $site } è al momento fuori servizio. Potrebbe essere sovraccarico o in manutenzione.
not-sent-lead = Il server del sito { $site } ha appena avuto problemi con altri visitatori, quindi questa volta non gli abbiamo inviato la richiesta.
failed-lead = Si è verificato un errore sul server del sito { $site } durante l’elaborazione della richiesta.
circle-lead = Un errore nella configurazione del sito { $site } ha riportato la richiesta al punto di partenza, quindi l’abbiamo fermata.
network-lead = Lungo il percorso verso il server del sito { $site }, qualcosa di nostro non ha funzionato durante l’elaborazione della richiesta.
misconfigured-lead = Il sito { $site } non è configurato correttamente da parte nostra, quindi non abbiamo potuto inoltrare la richiesta.

not-processed = La richiesta non è stata elaborata: non è stato modificato nulla.
may-be-processed = La richiesta potrebbe essere stata comunque elaborata. Verifichi prima di inviarla di nuovo, per evitare che venga eseguita due volte.

try-again = Riprovi { $when }.
send-again = Può inviarla di nuovo senza rischi { $when }.
may-be-back = Il sito potrebbe tornare disponibile { $when }.

moment = tra qualche istante
minute = tra circa un minuto
minutes = tra qualche minuto
half-hour = tra circa mezz’ora
hour = tra circa un’ora
hours = tra qualche ora
days = tra qualche giorno

again = Riprova
returning = Questa pagina continua a controllare. Appena il sito sarà di nuovo disponibile, si aprirà da solo.
returned = Il sito è di nuovo disponibile. Apertura in corso.

more-help = Ancora problemi?
support = Assistenza
status = Stato del servizio

request = Richiesta
time = Ora
address = Indirizzo
copy = Copia i dettagli
copied = Copiato

## Maintenance

maintenance-heading = In manutenzione
maintenance-lead = Il sito { $site } è in manutenzione e tornerà disponibile al termine dei lavori.
maintenance-until = Ritorno previsto:
maintenance = In manutenzione
