language = Svenska
direction = ltr

way = Var felet ligger
you = Du
network = Mellanliggande nät
server = Server

working = Allt fungerar
unreachable = Kunde inte nås
bad-answer = Felaktigt svar
too-late = Tog för lång tid
unavailable = Inte tillgänglig
failed = Ett fel uppstod
circle = Begäran gick i cirkel
misconfigured = Inte rätt inställt
not-asked = Fick ingen begäran

bad-answer-heading = Servern gav ett felaktigt svar
unreachable-heading = Servern kunde inte nås
too-late-heading = Servern tog för lång tid på sig
unavailable-heading = Servern är inte tillgänglig
failed-heading = Ett fel uppstod på servern
circle-heading = Begäran gick i cirkel
network-heading = Något gick fel hos oss

connection-fine = Det är inget fel på din anslutning.
unreachable-lead = Vi kunde inte nå servern bakom { $site } och har därför inget riktigt svar att visa.
bad-answer-lead = Servern bakom { $site } avbröt svaret eller skickade något som inte gick att använda.
too-late-lead = Vi kontaktade servern bakom { $site } och väntade, men ett fullständigt svar kom inte i tid.
unavailable-lead = Servern bakom { $site } är ur drift just nu. Den kan vara överbelastad, eller så pågår underhåll.
not-sent-lead = Servern bakom { $site } har nyss svikit för andra, så den här gången skickade vi inte din begäran dit.
failed-lead = Ett fel uppstod på servern bakom { $site } när den behandlade din begäran.
circle-lead = Din begäran till { $site } kom tillbaka dit den redan hade varit, så vi stoppade den.
network-lead = Ett fel uppstod i tjänsten framför { $site } när den behandlade din begäran.
misconfigured-lead = Tjänsten framför { $site } är inte rätt inställd och kunde inte skicka din begäran vidare.

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
returning = Den här sidan fortsätter att kontrollera och går till webbplatsen så snart det går.
returned = Webbplatsen är tillbaka och laddas nu.

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
maintenance = Underhåll pågår
