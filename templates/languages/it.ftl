language = Italiano
direction = ltr

way = Dove si trova il problema
you = Dispositivo
network = Rete di distribuzione
server = Server

working = Nessun problema
unreachable = Non raggiungibile
bad-answer = Risposta non valida
too-late = Ha impiegato troppo tempo
unavailable = Non disponibile
failed = Si è verificato un errore
circle = La richiesta ha girato in tondo
misconfigured = Configurazione errata
not-asked = Richiesta non ricevuta

bad-answer-heading = Il server ha dato una risposta non valida
unreachable-heading = Impossibile raggiungere il server
too-late-heading = Il server ha impiegato troppo tempo a rispondere
unavailable-heading = Il server non è disponibile
failed-heading = Si è verificato un errore sul server
circle-heading = La richiesta ha girato in tondo
network-heading = Qualcosa non ha funzionato da parte nostra

connection-fine = La connessione a Internet funziona.
unreachable-lead = Non siamo riusciti a raggiungere il server del sito { $site }, quindi non possiamo mostrare la pagina.
bad-answer-lead = Il server del sito { $site } ha interrotto la risposta o ha inviato qualcosa di inutilizzabile.
too-late-lead = Abbiamo contattato il server del sito { $site } e atteso, ma la risposta completa non è arrivata in tempo.
unavailable-lead = Il server del sito { $site } è al momento fuori servizio. Potrebbe essere sovraccarico o in manutenzione.
not-sent-lead = Il server del sito { $site } ha appena avuto problemi con altri visitatori, quindi questa volta non gli abbiamo inviato la richiesta.
failed-lead = Si è verificato un errore sul server del sito { $site } durante l’elaborazione della richiesta.
circle-lead = La richiesta al sito { $site } è tornata dove era già passata, quindi l’abbiamo interrotta.
network-lead = Si è verificato un errore nel servizio intermediario del sito { $site } durante l’elaborazione della richiesta.
misconfigured-lead = Il servizio intermediario del sito { $site } non è configurato correttamente e non ha potuto inoltrare la richiesta.

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
returning = Questa pagina continua a controllare e tornerà al sito appena possibile.
returned = Il sito è di nuovo disponibile. Caricamento in corso.

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
maintenance = In manutenzione
