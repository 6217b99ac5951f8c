## 이 카탈로그 소개

language = 한국어
direction = ltr

## 요청이 지나는 세 지점

way = 문제가 발생한 구간
you = 사용자
network = 저희 네트워크
server = 저희 서버

## 각 지점의 상태(이름 아래 표시)

working = 문제없음
unreachable = 연결할 수 없음
lost = 연결 실패
bad-answer = 올바르지 않은 응답
too-late = 제때 응답하지 않음
unavailable = 이용할 수 없음
failed = 오류 발생
circle = 설정이 올바르지 않음
misconfigured = 설정이 올바르지 않음
not-asked = 요청이 도달하지 않음

## 제목

unreachable-heading = 저희 서버에 연결할 수 없습니다
lost-heading = 저희 서버와의 연결에 실패했습니다
bad-answer-heading = 저희 서버의 응답이 올바르지 않습니다
too-late-heading = 저희 서버의 응답이 너무 오래 걸립니다
unavailable-heading = 저희 서버를 이용할 수 없습니다
failed-heading = 저희 서버에서 오류가 발생했습니다
circle-heading = 저희 쪽에서 문제가 발생했습니다
network-heading = 저희 쪽에서 문제가 발생했습니다

## 무슨 일이 있었는지(제목 아래 문장)

connection-fine = 죄송합니다! 고객님의 잘못이 아니며, 인터넷 연결에도 문제가 없습니다.
unreachable-lead = { $site } 사이트의 서버에 연결하지 못해 아직 보여 드릴 내용이 없습니다.
lost-lead = { $site } 사이트의 서버와 연결되지 않았거나 연결이 도중에 끊어졌습니다.
bad-answer-lead = { $site } 사이트의 서버가 저희가 사용할 수 없는 응답을 보냈습니다.
too-late-lead = { $site } 사이트의 서버에 요청을 보내고 기다렸지만, 제시간에 응답을 모두 받지 못했습니다.
unavailable-lead = { $site } 사이트의 서버를 현재 이용할 수 없습니다. 접속이 몰렸거나 점검 중일 수 있습니다.
not-sent-lead = { $site } 사이트의 서버가 방금 다른 방문자에게도 응답하지 못했습니다. 그래서 이번에는 요청을 보내지 않았습니다.
failed-lead = 요청을 처리하는 중에 { $site } 사이트의 서버에서 오류가 발생했습니다.
circle-lead = { $site } 사이트의 설정 오류로 요청이 원래 자리로 되돌아와 처리를 중단했습니다.
network-lead = { $site } 사이트의 서버로 가는 도중 요청을 처리하다가 저희 쪽에서 문제가 발생했습니다.
misconfigured-lead = 저희 쪽에서 { $site } 사이트가 올바르게 설정되지 않아 요청을 전달하지 못했습니다.

## 보낸 양식, 주문, 결제의 처리 결과

not-processed = 요청이 처리되지 않았으며, 변경된 내용은 없습니다.
may-be-processed = 요청이 이미 처리되었을 수 있습니다. 중복 처리되지 않도록 다시 보내기 전에 확인하세요.

## 지금 할 일

try-again = { $when } 다시 시도하세요.
send-again = { $when } 안심하고 다시 보내셔도 됩니다.
may-be-back = 사이트가 { $when } 복구될 수 있습니다.

## 시기

moment = 잠시 후
minute = 약 1분 후
minutes = 몇 분 후
half-hour = 약 30분 후
hour = 약 1시간 후
hours = 몇 시간 후
days = 며칠 후

## 사이트 복귀

again = 다시 시도
returning = 이 페이지에서 계속 확인합니다. 사이트가 복구되면 자동으로 열립니다.
returned = 사이트가 복구되었습니다. 지금 여는 중입니다.

## 도움말

more-help = 문제가 계속되나요?
support = 도움받기
status = 서비스 상태

## 문의할 때 전달할 정보

request = 요청
time = 시간
address = 주소
copy = 세부 정보 복사
copied = 복사됨

## Maintenance

maintenance-heading = 점검 중입니다
maintenance-lead = { $site } 사이트는 현재 점검 중이며, 작업이 끝나면 다시 열립니다.
maintenance-until = 재개 예정:
maintenance = 점검 중
