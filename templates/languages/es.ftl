language = Español
direction = ltr

way = Dónde está el problema
you = Usted
network = Red de distribución
server = Servidor

working = Sin problemas
unreachable = No se pudo contactar
bad-answer = Respuesta no válida
too-late = Tardó demasiado
unavailable = No disponible
failed = Se produjo un error
circle = Solicitud en bucle
misconfigured = Configuración incorrecta
not-asked = No recibió la solicitud

bad-answer-heading = El servidor dio una respuesta no válida
unreachable-heading = No se ha podido contactar con el servidor
too-late-heading = El servidor tardó demasiado
unavailable-heading = El servidor no está disponible
failed-heading = Se produjo un error en el servidor
circle-heading = La solicitud entró en un bucle
network-heading = Algo falló por nuestra parte

connection-fine = Su conexión funciona bien.
unreachable-lead = No pudimos conectar con el servidor de { $site }, por lo que no tenemos una respuesta válida que mostrarle.
bad-answer-lead = El servidor de { $site } interrumpió la respuesta o envió algo que no se pudo utilizar.
too-late-lead = Consultamos al servidor de { $site } y esperamos, pero la respuesta completa no llegó a tiempo.
unavailable-lead = El servidor de { $site } está fuera de servicio en este momento. Puede que esté sobrecargado o en mantenimiento.
not-sent-lead = El servidor de { $site } acaba de fallar a otras personas, por lo que esta vez no le hemos enviado su solicitud.
failed-lead = El servidor de { $site } falló al procesar su solicitud.
circle-lead = Su solicitud a { $site } volvió a un punto por el que ya había pasado, así que la detuvimos.
network-lead = El servicio intermediario de { $site } falló al procesar su solicitud.
misconfigured-lead = El servicio intermediario de { $site } no está bien configurado y no pudo transmitir su solicitud.

not-processed = Su solicitud no se procesó: no se ha cambiado nada.
may-be-processed = Es posible que su solicitud se haya procesado de todos modos. Compruébelo antes de volver a enviarla, para que no se realice dos veces.

try-again = Inténtelo de nuevo { $when }.
send-again = Puede volver a enviarla sin riesgo { $when }.
may-be-back = Es posible que el sitio vuelva a funcionar { $when }.

moment = dentro de un momento
minute = dentro de un minuto aproximadamente
minutes = dentro de unos minutos
half-hour = dentro de una media hora
hour = dentro de una hora aproximadamente
hours = dentro de unas horas
days = dentro de unos días

again = Reintentar
returning = Esta página sigue comprobándolo y volverá al sitio en cuanto sea posible.
returned = El sitio vuelve a funcionar. Se está cargando.

more-help = ¿Sigue sin funcionar?
support = Obtener ayuda
status = Estado del servicio

request = Solicitud
time = Hora
address = Dirección
copy = Copiar detalles
copied = Copiado

## Maintenance

maintenance-heading = En mantenimiento
maintenance-lead = { $site } está en mantenimiento y volverá en cuanto termine.
maintenance = En mantenimiento
