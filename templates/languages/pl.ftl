language = Polski
direction = ltr

way = Gdzie wystąpił problem
you = Urządzenie
network = Sieć pośrednicząca
server = Serwer

working = Działa
unreachable = Nieosiągalny
bad-answer = Błędna odpowiedź
too-late = Odpowiadał zbyt długo
unavailable = Niedostępny
failed = Wystąpił błąd
circle = Żądanie zatoczyło koło
misconfigured = Niewłaściwe ustawienia
not-asked = Nie otrzymał żądania

bad-answer-heading = Serwer udzielił błędnej odpowiedzi
unreachable-heading = Nie udało się połączyć z serwerem
too-late-heading = Serwer odpowiadał zbyt długo
unavailable-heading = Serwer jest niedostępny
failed-heading = Na serwerze wystąpił błąd
circle-heading = Żądanie zatoczyło koło
network-heading = Coś poszło nie tak po naszej stronie

connection-fine = Połączenie z internetem działa.
unreachable-lead = Nie udało się połączyć z serwerem witryny { $site }, więc nie możemy wyświetlić strony.
bad-answer-lead = Serwer witryny { $site } przerwał odpowiedź lub przesłał coś, czego nie dało się użyć.
too-late-lead = Czekaliśmy na odpowiedź serwera witryny { $site }, ale nie dotarła w całości na czas.
unavailable-lead = Serwer witryny { $site } obecnie nie działa. Może być przeciążony lub trwają na nim prace techniczne.
not-sent-lead = Serwer witryny { $site } przed chwilą zawiódł także u innych, dlatego tym razem nie wysłaliśmy do niego Twojego żądania.
failed-lead = Na serwerze witryny { $site } wystąpił błąd podczas przetwarzania żądania.
circle-lead = Żądanie do witryny { $site } wróciło do miejsca, w którym już było, więc zostało zatrzymane.
network-lead = W usłudze pośredniczącej witryny { $site } wystąpił błąd podczas przetwarzania żądania.
misconfigured-lead = Usługa pośrednicząca witryny { $site } nie jest właściwie ustawiona i nie mogła przekazać żądania.

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
returning = Ta strona cały czas sprawdza dostępność witryny i otworzy ją, gdy tylko będzie to możliwe.
returned = Witryna znów działa. Trwa wczytywanie.

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
maintenance = Prace techniczne
