language = Français
direction = ltr

way = Où se situe le problème
you = Vous
network = Notre réseau
server = Notre serveur

working = Aucun problème
unreachable = Injoignable
lost = Échec de connexion
bad-answer = Réponse incorrecte
too-late = Délai dépassé
unavailable = Indisponible
failed = A rencontré une erreur
circle = Mal configuré
misconfigured = Mal configuré
not-asked = Demande non reçue

unreachable-heading = Nous n’arrivons pas à joindre notre serveur
lost-heading = La connexion à notre serveur a échoué
bad-answer-heading = Notre serveur a mal répondu
too-late-heading = Notre serveur met trop de temps à répondre
unavailable-heading = Notre serveur est indisponible
failed-heading = Notre serveur a rencontré une erreur
circle-heading = Un problème est survenu de notre côté
network-heading = Un problème est survenu de notre côté

connection-fine = Toutes nos excuses ! Vous n’y êtes pour rien et votre connexion fonctionne bien.
unreachable-lead = Nous n’avons pas pu joindre le serveur du site { $site } et n’avons donc encore rien à vous montrer.
lost-lead = Notre connexion avec le serveur du site { $site } n’a pas pu être établie ou s’est interrompue.
bad-answer-lead = Le serveur du site { $site } a envoyé une réponse que nous n’avons pas pu utiliser.
too-late-lead = Nous avons contacté le serveur du site { $site } et attendu, mais la réponse complète n’est pas arrivée à temps.
unavailable-lead = Le serveur du site { $site } est actuellement hors service. Il est peut-être surchargé ou en maintenance.
not-sent-lead = Le serveur du site { $site } vient de faire défaut à d’autres visiteurs ; nous ne lui avons donc pas transmis votre demande cette fois-ci.
failed-lead = Le serveur du site { $site } a rencontré une erreur en traitant votre demande.
circle-lead = Une erreur de configuration du site { $site } a ramené votre demande à son point de départ ; nous l’avons donc arrêtée.
network-lead = Sur le chemin vers le serveur du site { $site }, un problème est survenu chez nous pendant le traitement de votre demande.
misconfigured-lead = Le site { $site } est mal configuré de notre côté ; nous n’avons donc pas pu transmettre votre demande.

not-processed = Votre demande n’a pas été traitée : rien n’a été modifié.
may-be-processed = Votre demande a peut-être été traitée malgré tout. Veuillez vérifier avant de la renvoyer, pour éviter qu’elle ne soit traitée deux fois.

try-again = Veuillez réessayer { $when }.
send-again = Vous pouvez la renvoyer sans risque { $when }.
may-be-back = Le site sera peut-être de retour { $when }.

moment = dans un instant
minute = dans une minute environ
minutes = dans quelques minutes
half-hour = dans une demi-heure environ
hour = dans une heure environ
hours = dans quelques heures
days = dans quelques jours

again = Réessayer
returning = Cette page continue de vérifier. Dès que le site sera de retour, il s’ouvrira tout seul.
returned = Le site est de retour. Ouverture en cours.

more-help = Le problème persiste ?
support = Obtenir de l’aide
status = État du service

request = Demande
time = Heure
address = Adresse
copy = Copier les détails
copied = Copié

## Maintenance

maintenance-heading = Site en maintenance
maintenance-lead = Le site { $site } est en maintenance et sera de retour une fois les travaux terminés.
maintenance-until = Retour prévu :
maintenance = En maintenance
