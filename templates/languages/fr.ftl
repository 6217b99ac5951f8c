language = Français
direction = ltr

way = Où se situe le problème
you = Vous
network = Réseau de diffusion
server = Serveur

working = Aucun problème
unreachable = Injoignable
bad-answer = Réponse incorrecte
too-late = Délai dépassé
unavailable = Indisponible
failed = A rencontré une erreur
circle = Demande en boucle
misconfigured = Mal configuré
not-asked = Demande non reçue

bad-answer-heading = Le serveur a mal répondu
unreachable-heading = Le serveur est injoignable
too-late-heading = Le serveur a mis trop de temps à répondre
unavailable-heading = Le serveur est indisponible
failed-heading = Le serveur a rencontré une erreur
circle-heading = La demande a tourné en rond
network-heading = Un problème est survenu de notre côté

connection-fine = Votre connexion n’est pas en cause.
unreachable-lead = Nous n’avons pas pu joindre le serveur du site { $site } et ne pouvons donc pas afficher la page.
bad-answer-lead = Le serveur du site { $site } s’est interrompu ou a envoyé une réponse inutilisable.
too-late-lead = Nous avons contacté le serveur du site { $site } et attendu, mais la réponse complète n’est pas arrivée à temps.
unavailable-lead = Le serveur du site { $site } est actuellement hors service. Il est peut-être surchargé ou en maintenance.
not-sent-lead = Le serveur du site { $site } vient de faire défaut à d’autres visiteurs ; nous ne lui avons donc pas transmis votre demande cette fois-ci.
failed-lead = Le serveur du site { $site } a rencontré une erreur en traitant votre demande.
circle-lead = Votre demande au site { $site } est revenue là où elle était déjà passée ; nous l’avons donc arrêtée.
network-lead = Le service intermédiaire du site { $site } a rencontré une erreur en traitant votre demande.
misconfigured-lead = Le service intermédiaire du site { $site } est mal configuré et n’a pas pu transmettre votre demande.

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
returning = Cette page continue de vérifier et vous ramènera au site dès que possible.
returned = Le site est de retour. Chargement en cours.

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
maintenance = En maintenance
