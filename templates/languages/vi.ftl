## Về tệp này

language = Tiếng Việt
direction = ltr

## Đường đi của một yêu cầu qua ba chặng

way = Nơi xảy ra sự cố
you = Bạn
network = Mạng của chúng tôi
server = Máy chủ của chúng tôi

## Tình trạng của mỗi chặng, ghi dưới tên

working = Không có sự cố
unreachable = Không liên lạc được
lost = Lỗi kết nối
bad-answer = Phản hồi không hợp lệ
too-late = Phản hồi quá chậm
unavailable = Hiện không hoạt động
failed = Gặp lỗi
circle = Thiết lập chưa đúng
misconfigured = Thiết lập chưa đúng
not-asked = Chưa nhận được yêu cầu

## Tiêu đề

unreachable-heading = Chúng tôi không liên lạc được với máy chủ của mình
lost-heading = Kết nối đến máy chủ của chúng tôi bị lỗi
bad-answer-heading = Máy chủ của chúng tôi phản hồi không hợp lệ
too-late-heading = Máy chủ của chúng tôi phản hồi quá chậm
unavailable-heading = Máy chủ của chúng tôi hiện không hoạt động
failed-heading = Máy chủ của chúng tôi gặp lỗi
circle-heading = Đã xảy ra sự cố ở phía chúng tôi
network-heading = Đã xảy ra sự cố ở phía chúng tôi

## Chuyện gì đã xảy ra, trong vài câu dưới tiêu đề

connection-fine = Chúng tôi xin lỗi! Đây không phải lỗi của bạn, và kết nối của bạn vẫn bình thường.
unreachable-lead = Chúng tôi không liên lạc được với máy chủ của trang { $site } nên chưa có gì để hiển thị.
lost-lead = Kết nối giữa chúng tôi và máy chủ của trang { $site } không thiết lập được hoặc đã bị ngắt.
bad-answer-lead = Máy chủ của trang { $site } gửi về nội dung mà chúng tôi không dùng được.
too-late-lead = Chúng tôi đã gửi yêu cầu đến máy chủ của trang { $site } và chờ, nhưng phản hồi đầy đủ không đến kịp.
unavailable-lead = Máy chủ của trang { $site } hiện không hoạt động. Có thể máy chủ đang quá tải hoặc đang bảo trì.
not-sent-lead = Máy chủ của trang { $site } vừa gặp lỗi với những người khác, nên lần này chúng tôi chưa gửi yêu cầu của bạn đi.
failed-lead = Máy chủ của trang { $site } gặp lỗi khi xử lý yêu cầu của bạn.
circle-lead = Một lỗi thiết lập của trang { $site } đã đưa yêu cầu của bạn về lại nơi xuất phát, nên chúng tôi đã dừng yêu cầu này.
network-lead = Trên đường đến máy chủ của trang { $site }, hệ thống của chúng tôi gặp lỗi khi xử lý yêu cầu của bạn.
misconfigured-lead = Trang { $site } được thiết lập chưa đúng ở phía chúng tôi nên không chuyển tiếp được yêu cầu của bạn.

## Biểu mẫu, đơn hàng, khoản thanh toán đã gửi ra sao

not-processed = Yêu cầu của bạn không được xử lý và không có gì thay đổi.
may-be-processed = Có thể yêu cầu của bạn vẫn đã được xử lý. Vui lòng kiểm tra trước khi gửi lại để tránh bị xử lý hai lần.

## Cần làm gì bây giờ

try-again = Vui lòng thử lại { $when }.
send-again = Bạn có thể yên tâm gửi lại { $when }.
may-be-back = Trang web có thể hoạt động trở lại { $when }.

## Khi nào

moment = sau giây lát
minute = sau khoảng một phút
minutes = sau vài phút
half-hour = sau khoảng nửa giờ
hour = sau khoảng một giờ
hours = sau vài giờ
days = sau vài ngày

## Trở lại trang web

again = Thử lại
returning = Trang này tiếp tục kiểm tra. Khi hoạt động trở lại, trang web sẽ tự mở.
returned = Trang web đã hoạt động trở lại. Đang mở.

## Trợ giúp

more-help = Vẫn chưa được?
support = Nhận trợ giúp
status = Tình trạng dịch vụ

## Thông tin để báo lại

request = Yêu cầu
time = Thời gian
address = Địa chỉ
copy = Sao chép chi tiết
copied = Đã sao chép

## Maintenance

maintenance-heading = Đang bảo trì
maintenance-lead = Trang { $site } đang được bảo trì và sẽ hoạt động trở lại.
maintenance-until = Dự kiến trở lại:
maintenance = Đang bảo trì
