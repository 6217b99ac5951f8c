language = Svenska
direction = ltr

way = Var felet ligger
you = Du
network = Vårt nätverk
server = Vår server

working = Allt fungerar
unreachable = Kunde inte nås
lost = Anslutningsfel
bad-answer = Felaktigt svar
too-late = Tog för lång tid
unavailable = Inte tillgänglig
failed = Ett fel uppstod
circle = Inte rätt inställt
misconfigured = Inte rätt inställt
not-asked = Fick ingen begäran

unreachable-heading = Vi når inte vår server
lost-heading = Anslutningen till vår server misslyckades
bad-answer-heading = Vår server gav ett felaktigt svar
too-late-heading = Vår server tar för lång tid på sig
unavailable-heading = Vår server är inte tillgänglig
failed-heading = Ett fel uppstod på vår server
circle-heading = Något gick fel hos oss
network-heading = Något gick fel hos oss

connection-fine = Vi beklagar! Det här är inte ditt fel, och din anslutning fungerar.
unreachable-lead = Vi kunde inte nå servern bakom { $site } och har därför inget att visa dig ännu.
lost-lead = Vår anslutning till servern bakom { $site } kunde inte upprättas, eller så bröts den.
bad-answer-lead = Servern bakom { $site } skickade något som vi inte kunde använda.
too-late-lead = Vi kontaktade servern bakom { $site } och väntade, men ett fullständigt svar kom inte i tid.
unavailable-lead = Servern bakom { $site } är ur drift just nu. Den kan vara överbelastad, eller så pågår underhåll.
not-sent-lead = Servern bakom { $site } fungerade nyss inte för andra heller, så den här gången skickade vi inte din begäran dit.
failed-lead = Ett fel uppstod på servern bakom { $site } när den behandlade din begäran.
circle-lead = Ett fel i inställningarna för { $site } skickade tillbaka din begäran dit den kom ifrån, så vi stoppade den.
network-lead = På vägen till servern bakom { $site } gick något fel hos oss när din begäran behandlades.
misconfigured-lead = Något är fel i våra inställningar för { $site }, så vi kunde inte skicka din begäran vidare.

not-processed = Din begäran behandlades inte: ingenting har ändrats.
may-be-processed = Din begäran kan ändå ha behandlats. Kontrollera det innan du skickar den igen, annars kan den utföras två gånger.

try-again = Försök igen { $when }.
send-again = Du kan tryggt skicka den igen { $when }.
may-be-back = Webbplatsen kan vara tillbaka { $when }.

moment = om en liten stund
minute = om ungefär en minut
minutes = om några minuter
half-hour = om ungefär en halvtimme
hour = om ungefär en timme
hours = om några timmar
days = om några dagar

again = Försök igen
returning = Den här sidan fortsätter att kontrollera. Så snart webbplatsen är tillbaka öppnas den av sig själv.
returned = Webbplatsen är tillbaka och öppnas nu.

more-help = Fungerar det fortfarande inte?
support = Få hjälp
status = Driftstatus

request = Begäran
time = Tidpunkt
address = Adress
copy = Kopiera uppgifterna
copied = Kopierat

## Maintenance

maintenance-heading = Stängt för underhåll
maintenance-lead = Underhåll av { $site } pågår. Webbplatsen kommer tillbaka när det är klart.
maintenance-until = Beräknas vara tillbaka:
maintenance = Underhåll pågår
