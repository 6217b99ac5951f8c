language = Čeština
direction = ltr

way = Kde nastal problém
you = Vy
network = Zprostředkující síť
server = Server

working = V pořádku
unreachable = Nepodařilo se spojit
bad-answer = Chybná odpověď
too-late = Trvalo to příliš dlouho
unavailable = Není k dispozici
failed = Došlo k chybě
circle = Požadavek se zacyklil
misconfigured = Chybné nastavení
not-asked = Požadavek nedorazil

bad-answer-heading = Server odpověděl chybně
unreachable-heading = K serveru se nepodařilo připojit
too-late-heading = Server odpovídal příliš dlouho
unavailable-heading = Server není k dispozici
failed-heading = Na serveru došlo k chybě
circle-heading = Požadavek se zacyklil
network-heading = Na naší straně se něco pokazilo

connection-fine = Vaše připojení je v pořádku.
unreachable-lead = Se serverem webu { $site } se nám nepodařilo spojit, takže stránku nemůžeme zobrazit.
bad-answer-lead = Server webu { $site } odpověď přerušil nebo poslal něco, co nešlo použít.
too-late-lead = Odeslali jsme požadavek na server webu { $site } a čekali, ale úplná odpověď nepřišla včas.
unavailable-lead = Server webu { $site } je právě mimo provoz. Může být přetížený nebo na něm probíhá údržba.
not-sent-lead = Server webu { $site } před chvílí selhal i u ostatních, proto jsme mu váš požadavek tentokrát neposlali.
failed-lead = Na serveru webu { $site } došlo při zpracování vašeho požadavku k chybě.
circle-lead = Váš požadavek na web { $site } se vrátil tam, kde už jednou byl, a proto jsme ho zastavili.
network-lead = Ve zprostředkující službě webu { $site } došlo při zpracování vašeho požadavku k chybě.
misconfigured-lead = Zprostředkující služba webu { $site } není správně nastavena a nemohla váš požadavek předat.

not-processed = Váš požadavek nebyl zpracován: nic se nezměnilo.
may-be-processed = Váš požadavek mohl být přesto zpracován. Než ho odešlete znovu, ověřte to prosím, jinak by mohl být proveden dvakrát.

try-again = Zkuste to prosím znovu { $when }.
send-again = Můžete ho { $when } bez obav odeslat znovu.
may-be-back = Web by mohl být { $when } zase v provozu.

moment = za okamžik
minute = asi za minutu
minutes = za několik minut
half-hour = asi za půl hodiny
hour = asi za hodinu
hours = za několik hodin
days = za několik dní

again = Zkusit znovu
returning = Tato stránka stav průběžně ověřuje a na web se vrátí, jakmile to půjde.
returned = Web je zpět a načítá se.

more-help = Stále to nefunguje?
support = Získat pomoc
status = Stav služby

request = Požadavek
time = Čas
address = Adresa
copy = Kopírovat údaje
copied = Zkopírováno

## Maintenance

maintenance-heading = Probíhá údržba
maintenance-lead = Na webu { $site } probíhá údržba. Po jejím skončení bude web opět v provozu.
maintenance = Probíhá údržba
