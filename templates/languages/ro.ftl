language = Română
direction = ltr

way = Unde a apărut problema
you = Dumneavoastră
network = Rețea de distribuție
server = Server

working = În regulă
unreachable = Nu a putut fi contactat
bad-answer = Răspuns incorect
too-late = A durat prea mult
unavailable = Indisponibil
failed = A apărut o eroare
circle = Solicitarea s-a învârtit în cerc
misconfigured = Configurare incorectă
not-asked = Nu a primit solicitarea

bad-answer-heading = Serverul a dat un răspuns incorect
unreachable-heading = Serverul nu a putut fi contactat
too-late-heading = Serverul nu a răspuns la timp
unavailable-heading = Serverul este indisponibil
failed-heading = A apărut o eroare pe server
circle-heading = Solicitarea s-a învârtit în cerc
network-heading = A apărut o problemă la noi

connection-fine = Conexiunea dumneavoastră funcționează.
unreachable-lead = Nu am putut contacta serverul site-ului { $site }, așa că nu putem afișa pagina.
bad-answer-lead = Serverul site-ului { $site } a întrerupt răspunsul sau a trimis ceva ce nu a putut fi folosit.
too-late-lead = Am contactat serverul site-ului { $site } și am așteptat, dar răspunsul complet nu a sosit la timp.
unavailable-lead = Serverul site-ului { $site } nu funcționează în acest moment. Poate fi supraîncărcat sau în mentenanță.
not-sent-lead = Serverul site-ului { $site } tocmai a avut probleme și cu alți vizitatori, așa că de data aceasta nu i-am trimis cererea.
failed-lead = A apărut o eroare pe serverul site-ului { $site } la procesarea solicitării dumneavoastră.
circle-lead = Solicitarea dumneavoastră către site-ul { $site } a revenit într-un loc prin care mai trecuse, așa că am oprit-o.
network-lead = A apărut o eroare în serviciul intermediar al site-ului { $site } la procesarea solicitării dumneavoastră.
misconfigured-lead = Serviciul intermediar al site-ului { $site } nu este configurat corect și nu a putut transmite solicitarea dumneavoastră.

not-processed = Solicitarea dumneavoastră nu a fost procesată: nimic nu s-a schimbat.
may-be-processed = Este posibil ca solicitarea să fi fost totuși procesată. Verificați înainte de a o trimite din nou, altfel ar putea fi executată de două ori.

try-again = Vă rugăm să încercați din nou { $when }.
send-again = O puteți trimite din nou fără griji { $when }.
may-be-back = Site-ul ar putea reveni { $when }.

moment = peste câteva clipe
minute = peste circa un minut
minutes = peste câteva minute
half-hour = peste circa o jumătate de oră
hour = peste circa o oră
hours = peste câteva ore
days = peste câteva zile

again = Încercați din nou
returning = Această pagină verifică în continuare și revine la site imediat ce este posibil.
returned = Site-ul a revenit. Se încarcă acum.

more-help = Tot nu funcționează?
support = Obțineți ajutor
status = Starea serviciului

request = Solicitare
time = Ora
address = Adresă
copy = Copiați detaliile
copied = Copiat

## Maintenance

maintenance-heading = Lucrări de mentenanță
maintenance-lead = Site-ul { $site } este în mentenanță și va reveni la încheierea lucrărilor.
maintenance = În mentenanță
