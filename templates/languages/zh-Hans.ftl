## 关于本文件

language = 简体中文
direction = ltr

## 请求所经的三个环节

way = 出现问题的环节
you = 您
network = 我们的网络
server = 我们的服务器

## 各环节的状态，显示在名称下方

working = 正常
unreachable = 无法连接
lost = 连接失败
bad-answer = 响应异常
too-late = 未及时响应
unavailable = 暂不可用
failed = 出现错误
circle = 设置有误
misconfigured = 设置有误
not-asked = 未收到请求

## 标题

unreachable-heading = 无法连接到我们的服务器
lost-heading = 与我们的服务器连接失败
bad-answer-heading = 我们的服务器响应异常
too-late-heading = 我们的服务器响应太慢
unavailable-heading = 我们的服务器暂不可用
failed-heading = 我们的服务器出现错误
circle-heading = 我们这边出现了问题
network-heading = 我们这边出现了问题

## 发生了什么，标题下的几句话

connection-fine = 非常抱歉！问题不在您，您的网络连接正常。
unreachable-lead = 我们无法连接 { $site } 的服务器，因此暂时没有内容可以显示。
lost-lead = 我们与 { $site } 的服务器未能建立连接，或连接已中断。
bad-answer-lead = { $site } 的服务器返回了我们无法使用的内容。
too-late-lead = 我们已向 { $site } 的服务器发出请求并等待，但未能及时收到完整的响应。
unavailable-lead = { $site } 的服务器目前无法提供服务，可能是访问量过大，也可能正在维护。
not-sent-lead = { $site } 的服务器刚才也未能响应其他访客，因此这次我们没有向它发送您的请求。
failed-lead = { $site } 的服务器在处理您的请求时出现错误。
circle-lead = { $site } 的设置有误，您的请求绕回了原处，因此我们停止了处理。
network-lead = 在通往 { $site } 服务器的途中，我们这边处理您的请求时出现了问题。
misconfigured-lead = 我们这边对 { $site } 的设置有误，未能转发您的请求。

## 已提交的表单、订单、付款的结果

not-processed = 您的请求并未处理，未作任何更改。
may-be-processed = 不过，您的请求可能已被处理。再次提交前请先确认，以免重复操作。

## 现在可以做什么

try-again = 请{ $when }再试。
send-again = { $when }您可以放心地重新提交。
may-be-back = 网站{ $when }可能会恢复。

## 时间

moment = 稍后
minute = 约一分钟后
minutes = 几分钟后
half-hour = 约半小时后
hour = 约一小时后
hours = 几小时后
days = 几天后

## 返回网站

again = 重试
returning = 本页面会持续检查，网站一恢复就会自动打开。
returned = 网站已恢复，正在打开。

## 帮助

more-help = 问题仍未解决？
support = 获取帮助
status = 服务状态

## 供反馈问题时提供的信息

request = 请求
time = 时间
address = 网址
copy = 复制详情
copied = 已复制

## Maintenance

maintenance-heading = 网站维护中
maintenance-lead = { $site } 正在维护，完成后将恢复访问。
maintenance-until = 预计恢复时间：
maintenance = 维护中
