language = Português
direction = ltr

way = Onde está o problema
you = Você
network = Nossa rede
server = Nosso servidor

working = Sem problemas
unreachable = Sem contato
lost = Falha na conexão
bad-answer = Resposta inválida
too-late = Demorou demais
unavailable = Indisponível
failed = Ocorreu um erro
circle = Configuração incorreta
misconfigured = Configuração incorreta
not-asked = Não recebeu a solicitação

unreachable-heading = Não conseguimos acessar nosso servidor
lost-heading = A conexão com nosso servidor falhou
bad-answer-heading = Nosso servidor deu uma resposta inválida
too-late-heading = Nosso servidor está demorando demais
unavailable-heading = Nosso servidor está indisponível
failed-heading = Ocorreu um erro em nosso servidor
circle-heading = Algo falhou do nosso lado
network-heading = Algo falhou do nosso lado

connection-fine = Pedimos desculpas! Não é culpa sua, e a sua conexão está funcionando bem.
unreachable-lead = Não conseguimos contatar o servidor do site { $site } e, por isso, ainda não temos nada para mostrar.
lost-lead = Nossa conexão com o servidor do site { $site } não pôde ser estabelecida ou foi interrompida.
bad-answer-lead = O servidor do site { $site } enviou algo que não pudemos usar.
too-late-lead = Consultamos o servidor do site { $site } e esperamos, mas a resposta completa não chegou a tempo.
unavailable-lead = O servidor do site { $site } está fora de serviço no momento. Talvez esteja sobrecarregado ou em manutenção.
not-sent-lead = O servidor do site { $site } acabou de falhar com outras pessoas; por isso, desta vez não enviamos a sua solicitação.
failed-lead = O servidor do site { $site } falhou ao processar a sua solicitação.
circle-lead = Um erro na configuração do site { $site } levou a sua solicitação de volta ao ponto de partida; por isso, nós a interrompemos.
network-lead = No caminho até o servidor do site { $site }, algo falhou do nosso lado ao processar a sua solicitação.
misconfigured-lead = O site { $site } não está configurado corretamente do nosso lado e, por isso, não pudemos encaminhar a sua solicitação.

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
returning = Esta página continua verificando. Assim que o site voltar, ele abrirá sozinho.
returned = O site voltou e está sendo aberto.

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
maintenance-until = Retorno previsto:
maintenance = Em manutenção
