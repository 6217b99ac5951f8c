language = Português
direction = ltr

way = Onde está o problema
you = Você
network = Rede de distribuição
server = Servidor

working = Sem problemas
unreachable = Sem contato
bad-answer = Resposta inválida
too-late = Demorou demais
unavailable = Indisponível
failed = Ocorreu um erro
circle = A solicitação andou em círculos
misconfigured = Configuração incorreta
not-asked = Não recebeu a solicitação

bad-answer-heading = O servidor deu uma resposta inválida
unreachable-heading = Não foi possível acessar o servidor
too-late-heading = O servidor demorou demais
unavailable-heading = O servidor está indisponível
failed-heading = Ocorreu um erro no servidor
circle-heading = A solicitação andou em círculos
network-heading = Algo falhou do nosso lado

connection-fine = A sua conexão está funcionando bem.
unreachable-lead = Não conseguimos contatar o servidor do site { $site } e, por isso, não temos uma resposta válida para mostrar.
bad-answer-lead = O servidor do site { $site } interrompeu a resposta ou enviou algo que não pôde ser usado.
too-late-lead = Consultamos o servidor do site { $site } e esperamos, mas a resposta completa não chegou a tempo.
unavailable-lead = O servidor do site { $site } está fora de serviço no momento. Talvez esteja sobrecarregado ou em manutenção.
not-sent-lead = O servidor do site { $site } acabou de falhar com outras pessoas; por isso, desta vez não enviamos a sua solicitação.
failed-lead = O servidor do site { $site } falhou ao processar a sua solicitação.
circle-lead = A sua solicitação ao site { $site } voltou a um ponto por onde já tinha passado e, por isso, foi interrompida.
network-lead = O serviço intermediário do site { $site } falhou ao processar a sua solicitação.
misconfigured-lead = O serviço intermediário do site { $site } não está configurado corretamente e não pôde encaminhar a sua solicitação.

not-processed = A sua solicitação não foi processada: nada foi alterado.
may-be-processed = A sua solicitação pode ter sido processada mesmo assim. Verifique antes de enviá-la de novo, para que não seja executada duas vezes.

try-again = Tente novamente { $when }.
send-again = Você pode enviá-la novamente sem risco { $when }.
may-be-back = O site pode voltar a funcionar { $when }.

moment = em instantes
minute = em cerca de um minuto
minutes = em alguns minutos
half-hour = em cerca de meia hora
hour = em cerca de uma hora
hours = em algumas horas
days = em alguns dias

again = Tentar novamente
returning = Esta página continua verificando e voltará ao site assim que possível.
returned = O site voltou e está sendo carregado.

more-help = Ainda não funciona?
support = Obter ajuda
status = Status do serviço

request = Solicitação
time = Hora
address = Endereço
copy = Copiar detalhes
copied = Copiado

## Maintenance

maintenance-heading = Em manutenção
maintenance-lead = O site { $site } está em manutenção e depois voltará ao ar.
maintenance = Em manutenção
