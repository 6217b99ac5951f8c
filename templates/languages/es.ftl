language = Español
direction = ltr

way = Dónde está el problema
you = Usted
network = Nuestra red
server = Nuestro servidor

working = Sin problemas
unreachable = No se pudo contactar
lost = Falló la conexión
bad-answer = Respuesta no válida
too-late = Tardó demasiado
unavailable = No disponible
failed = Se produjo un error
circle = Mal configurada
misconfigured = Mal configurada
not-asked = No recibió la solicitud

unreachable-heading = No podemos contactar con nuestro servidor
lost-heading = Falló la conexión con nuestro servidor
bad-answer-heading = Nuestro servidor dio una respuesta no válida
too-late-heading = Nuestro servidor está tardando demasiado
unavailable-heading = Nuestro servidor no está disponible
failed-heading = Se produjo un error en nuestro servidor
circle-heading = Algo falló por nuestra parte
network-heading = Algo falló por nuestra parte

connection-fine = ¡Lo sentimos! No es culpa suya y su conexión funciona bien.
unreachable-lead = No pudimos contactar con el servidor de { $site }, así que todavía no tenemos nada que mostrarle.
lost-lead = Nuestra conexión con el servidor de { $site } no se pudo establecer o se interrumpió.
bad-answer-lead = El servidor de { $site } envió algo que no pudimos utilizar.
too-late-lead = Consultamos al servidor de { $site } y esperamos, pero la respuesta completa no llegó a tiempo.
unavailable-lead = El servidor de { $site } está fuera de servicio en este momento. Puede que esté sobrecargado o en mantenimiento.
not-sent-lead = El servidor de { $site } acaba de fallar a otras personas, por lo que esta vez no le hemos enviado su solicitud.
failed-lead = El servidor de { $site } falló al procesar su solicitud.
circle-lead = Un error en la configuración de { $site } devolvió su solicitud al punto de partida, así que la detuvimos.
network-lead = De camino al servidor de { $site }, algo falló por nuestra parte al procesar su solicitud.
misconfigured-lead = Por un error nuestro en la configuración de { $site }, no pudimos transmitir su solicitud.

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
returning = Esta página sigue comprobando el sitio. En cuanto vuelva a funcionar, se abrirá solo.
returned = El sitio vuelve a funcionar. Se está abriendo.

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
maintenance-until = Regreso previsto:
maintenance = En mantenimiento
