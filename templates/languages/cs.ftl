language = Čeština
direction = ltr

way = Kde nastal problém
you = Vy
network = Naše síť
server = Náš server

working = V pořádku
unreachable = Nepodařilo se spojit
lost = Spojení selhalo
bad-answer = Chybná odpověď
too-late = Trvalo to příliš dlouho
unavailable = Není k dispozici
failed = Došlo k chybě
circle = Chybné nastavení
misconfigured = Chybné nastavení
not-asked = Požadavek nedorazil

unreachable-heading = Nedaří se nám spojit s naším serverem
lost-heading = Spojení s naším serverem selhalo
bad-answer-heading = Náš server odpověděl chybně
too-late-heading = Náš server odpovídá příliš dlouho
unavailable-heading = Náš server není k dispozici
failed-heading = Na našem serveru došlo k chybě
circle-heading = Na naší straně se něco pokazilo
network-heading = Na naší straně se něco pokazilo

connection-fine = Omlouváme se! Není to vaše chyba a vaše připojení je v pořádku.
unreachable-lead = Se serverem webu { $site } se nám nepodařilo spojit, takže vám zatím nemáme co ukázat.
lost-lead = Spojení mezi námi a serverem webu { $site } se nepodařilo navázat nebo se přerušilo.
bad-answer-lead = Server webu { $site } poslal něco, co jsme nemohli použít.
too-late-lead = Odeslali jsme požadavek na server webu { $site } a čekali, ale úplná odpověď nepřišla včas.
unavailable-lead = Server webu { $site } je právě mimo provoz. Může být přetížený nebo na něm probíhá údržba.
not-sent-lead = Server webu { $site } před chvílí selhal i u ostatních, proto jsme mu váš požadavek tentokrát neposlali.
failed-lead = Na serveru webu { $site } došlo při zpracování vašeho požadavku k chybě.
circle-lead = Chyba v nastavení webu { $site } vrátila váš požadavek tam, odkud přišel, a proto jsme ho zastavili.
network-lead = Cestou k serveru webu { $site } došlo na naší straně při zpracování vašeho požadavku k chybě.
misconfigured-lead = Web { $site } není na naší straně správně nastaven, a proto jsme váš požadavek nemohli předat.

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
returning = Tato stránka stav průběžně ověřuje. Jakmile bude web zpět, sám se otevře.
returned = Web je zpět a otevírá se.

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
maintenance-until = Předpokládaný návrat:
maintenance = Probíhá údržba
