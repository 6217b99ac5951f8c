language = Polski
direction = ltr

way = Gdzie wystąpił problem
you = Urządzenie
network = Nasza sieć
server = Nasz serwer

working = Działa
unreachable = Nieosiągalny
lost = Błąd połączenia
bad-answer = Błędna odpowiedź
too-late = Odpowiadał zbyt długo
unavailable = Niedostępny
failed = Wystąpił błąd
circle = Niewłaściwe ustawienia
misconfigured = Niewłaściwe ustawienia
not-asked = Nie otrzymał żądania

unreachable-heading = Nie możemy połączyć się z naszym serwerem
lost-heading = Połączenie z naszym serwerem zawiodło
bad-answer-heading = Nasz serwer udzielił błędnej odpowiedzi
too-late-heading = Nasz serwer odpowiada zbyt długo
unavailable-heading = Nasz serwer jest niedostępny
failed-heading = Na naszym serwerze wystąpił błąd
circle-heading = Coś poszło nie tak po naszej stronie
network-heading = Coś poszło nie tak po naszej stronie

connection-fine = Przepraszamy! To nie Twoja wina, a Twoje połączenie działa.
unreachable-lead = Nie udało się połączyć z serwerem witryny { $site }, więc nie mamy jeszcze czego pokazać.
lost-lead = Nie udało się nawiązać połączenia z serwerem witryny { $site } albo zostało ono przerwane.
bad-answer-lead = Serwer witryny { $site } przesłał coś, czego nie mogliśmy użyć.
too-late-lead = Czekaliśmy na odpowiedź serwera witryny { $site }, ale nie dotarła w całości na czas.
unavailable-lead = Serwer witryny { $site } obecnie nie działa. Może być przeciążony lub trwają na nim prace techniczne.
not-sent-lead = Serwer witryny { $site } przed chwilą zawiódł także u innych, dlatego tym razem nie wysłaliśmy do niego Twojego żądania.
failed-lead = Na serwerze witryny { $site } wystąpił błąd podczas przetwarzania żądania.
circle-lead = Błąd w ustawieniach witryny { $site } zawrócił żądanie tam, skąd przyszło, więc je zatrzymaliśmy.
network-lead = W drodze do serwera witryny { $site } coś zawiodło po naszej stronie podczas przetwarzania żądania.
misconfigured-lead = Ustawienia witryny { $site } po naszej stronie są niewłaściwe, więc nie mogliśmy przekazać żądania.

not-processed = Żądanie nie zostało przetworzone: nic się nie zmieniło.
may-be-processed = Żądanie mogło mimo to zostać przetworzone. Proszę to sprawdzić przed ponownym wysłaniem, aby nie zostało wykonane dwa razy.

try-again = Proszę spróbować ponownie { $when }.
send-again = Można je bezpiecznie wysłać ponownie { $when }.
may-be-back = Witryna może być znów dostępna { $when }.

moment = za chwilę
minute = za około minutę
minutes = za kilka minut
half-hour = za około pół godziny
hour = za około godzinę
hours = za kilka godzin
days = za kilka dni

again = Spróbuj ponownie
returning = Ta strona cały czas sprawdza witrynę i sama ją otworzy, gdy tylko znów zacznie działać.
returned = Witryna znów działa. Trwa otwieranie.

more-help = Nadal nie działa?
support = Uzyskaj pomoc
status = Stan usługi

request = Żądanie
time = Czas
address = Adres
copy = Kopiuj szczegóły
copied = Skopiowano

## Maintenance

maintenance-heading = Przerwa techniczna
maintenance-lead = W witrynie { $site } trwają prace techniczne. Po ich zakończeniu będzie znów dostępna.
maintenance-until = Przewidywany powrót:
maintenance = Prace techniczne
