language = Română
direction = ltr

way = Unde a apărut problema
you = Dumneavoastră
network = Rețeaua noastră
server = Serverul nostru

working = În regulă
unreachable = Nu a putut fi contactat
lost = Conexiune eșuată
bad-answer = Răspuns incorect
too-late = A durat prea mult
unavailable = Indisponibil
failed = A apărut o eroare
circle = Configurare incorectă
misconfigured = Configurare incorectă
not-asked = Nu a primit solicitarea

unreachable-heading = Nu putem contacta serverul nostru
lost-heading = Conexiunea cu serverul nostru a eșuat
bad-answer-heading = Serverul nostru a dat un răspuns incorect
too-late-heading = Serverul nostru răspunde prea lent
unavailable-heading = Serverul nostru este indisponibil
failed-heading = A apărut o eroare pe serverul nostru
circle-heading = A apărut o problemă la noi
network-heading = A apărut o problemă la noi

connection-fine = Ne pare rău! Nu este vina dumneavoastră, iar conexiunea la internet funcționează.
unreachable-lead = Nu am putut contacta serverul site-ului { $site }, așa că nu avem încă ce să vă arătăm.
lost-lead = Conexiunea noastră cu serverul site-ului { $site } nu a putut fi stabilită sau s-a întrerupt.
bad-answer-lead = Serverul site-ului { $site } a trimis ceva ce nu am putut folosi.
too-late-lead = Am contactat serverul site-ului { $site } și am așteptat, dar răspunsul complet nu a sosit la timp.
unavailable-lead = Serverul site-ului { $site } nu funcționează în acest moment. Poate fi supraîncărcat sau în mentenanță.
not-sent-lead = Serverul site-ului { $site } tocmai a avut probleme și cu alți vizitatori, așa că de data aceasta nu i-am trimis solicitarea.
failed-lead = A apărut o eroare pe serverul site-ului { $site } la procesarea solicitării dumneavoastră.
circle-lead = O greșeală în configurarea site-ului { $site } a trimis solicitarea înapoi de unde venise, așa că am oprit-o.
network-lead = Pe drumul spre serverul site-ului { $site }, ceva nu a funcționat la noi în timpul procesării solicitării.
misconfigured-lead = Site-ul { $site } nu este configurat corect la noi, așa că nu am putut transmite solicitarea mai departe.

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
returning = Această pagină verifică în continuare. Imediat ce site-ul revine, se deschide singur.
returned = Site-ul a revenit. Se deschide acum.

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
maintenance-until = Revenire estimată:
maintenance = În mentenanță
