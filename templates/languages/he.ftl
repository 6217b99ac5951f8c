## על הקטלוג הזה

language = עברית
direction = rtl

## דרכה של בקשה בשלוש תחנות

way = היכן אירעה התקלה
you = אצלך
network = רשת ההפצה
server = השרת

## מצב התחנה, מתחת לשמה

working = הכול תקין
unreachable = אין תקשורת
bad-answer = תשובה לא תקינה
too-late = לא ענה בזמן
unavailable = לא זמין
failed = אירעה שגיאה
circle = הבקשה הסתובבה במעגל
misconfigured = לא מוגדרת כראוי
not-asked = הבקשה לא הגיעה

## כותרות

bad-answer-heading = התקבלה תשובה לא תקינה מהשרת
unreachable-heading = לא ניתן ליצור קשר עם השרת
too-late-heading = השרת לא ענה בזמן
unavailable-heading = השרת אינו זמין
failed-heading = אירעה שגיאה בשרת
circle-heading = הבקשה הסתובבה במעגל
network-heading = אירעה תקלה בצד שלנו

## מה קרה, במשפט מתחת לכותרת

connection-fine = החיבור שלך תקין.
unreachable-lead = לא הצלחנו להגיע לשרת של האתר { $site }, ולכן אי אפשר להציג את הדף.
bad-answer-lead = השרת של האתר { $site } קטע את התשובה באמצע או שלח תשובה שאי אפשר להשתמש בה.
too-late-lead = פנינו לשרת של האתר { $site } והמתנו, אך התשובה המלאה לא הגיעה בזמן.
unavailable-lead = השרת של האתר { $site } אינו פעיל כרגע. ייתכן שהוא עמוס או נמצא בתחזוקה.
not-sent-lead = השרת של האתר { $site } נכשל לפני רגע גם אצל אחרים, ולכן לא שלחנו אליו את הבקשה שלך הפעם.
failed-lead = אירעה שגיאה בשרת של האתר { $site } בזמן הטיפול בבקשה שלך.
circle-lead = הבקשה שלך לאתר { $site } חזרה למקום שכבר עברה בו, ולכן עצרנו אותה.
network-lead = אירעה שגיאה ברשת שדרכה פועל האתר { $site } בזמן הטיפול בבקשה שלך.
misconfigured-lead = הרשת שדרכה פועל האתר { $site } אינה מוגדרת כראוי, ולכן לא יכלה להעביר את הבקשה שלך.

## מה עלה בגורל טופס, הזמנה או תשלום שנשלחו

not-processed = הבקשה שלך לא בוצעה, ושום דבר לא השתנה.
may-be-processed = ייתכן שהבקשה שלך בכל זאת בוצעה. נא לבדוק לפני ששולחים אותה שוב, כדי שלא תבוצע פעמיים.

## מה לעשות עכשיו

try-again = נא לנסות שוב { $when }.
send-again = אפשר לשלוח אותה שוב { $when } בלי חשש.
may-be-back = ייתכן שהאתר יחזור לפעול { $when }.

## מתי

moment = בעוד רגע
minute = בעוד כדקה
minutes = בעוד כמה דקות
half-hour = בעוד כחצי שעה
hour = בעוד כשעה
hours = בעוד כמה שעות
days = בעוד כמה ימים

## חזרה לאתר

again = ניסיון נוסף
returning = הדף ממשיך לבדוק ויחזור לאתר ברגע שיתאפשר.
returned = האתר חזר לפעול ונטען כעת.

## עזרה

more-help = עדיין לא עובד?
support = קבלת עזרה
status = מצב השירות

## פרטים למסירה

request = בקשה
time = זמן
address = כתובת
copy = העתקת הפרטים
copied = הועתק

## Maintenance

maintenance-heading = האתר בתחזוקה
maintenance-lead = מתבצעת כעת תחזוקה באתר { $site }, והוא יחזור לפעול כשתסתיים.
maintenance = בתחזוקה
