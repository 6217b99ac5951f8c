## 關於本檔案

language = 繁體中文
direction = ltr

## 要求所經的三個環節

way = 發生問題的環節
you = 您
network = 我們的網路
server = 我們的伺服器

## 各環節的狀態，顯示在名稱下方

working = 正常
unreachable = 無法連線
lost = 連線失敗
bad-answer = 回應異常
too-late = 未及時回應
unavailable = 暫時無法使用
failed = 發生錯誤
circle = 設定有誤
misconfigured = 設定有誤
not-asked = 未收到要求

## 標題

unreachable-heading = 無法連線到我們的伺服器
lost-heading = 與我們的伺服器連線失敗
bad-answer-heading = 我們的伺服器回應異常
too-late-heading = 我們的伺服器回應太慢
unavailable-heading = 我們的伺服器暫時無法使用
failed-heading = 我們的伺服器發生錯誤
circle-heading = 我們這邊發生了問題
network-heading = 我們這邊發生了問題

## 發生了什麼事，標題下的幾句話

connection-fine = 非常抱歉！問題不在您，您的網路連線正常。
unreachable-lead = 我們無法連線到 { $site } 的伺服器，因此暫時沒有內容可以顯示。
lost-lead = 我們與 { $site } 的伺服器未能建立連線，或連線已中斷。
bad-answer-lead = { $site } 的伺服器傳回了我們無法使用的內容。
too-late-lead = 我們已向 { $site } 的伺服器發出要求並等候，但未能及時收到完整的回應。
unavailable-lead = { $site } 的伺服器目前無法提供服務，可能是流量過大，也可能正在維護。
not-sent-lead = { $site } 的伺服器剛才也未能回應其他訪客，因此這次我們沒有向它傳送您的要求。
failed-lead = { $site } 的伺服器在處理您的要求時發生錯誤。
circle-lead = { $site } 的設定有誤，您的要求繞回了原處，因此我們停止了處理。
network-lead = 在通往 { $site } 伺服器的途中，我們這邊處理您的要求時發生了問題。
misconfigured-lead = 我們這邊對 { $site } 的設定有誤，無法轉送您的要求。

## 已送出的表單、訂單、付款的結果

not-processed = 您的要求並未處理，沒有任何變更。
may-be-processed = 不過，您的要求可能已處理完成。再次送出前請先確認，以免重複處理。

## 現在可以做什麼

try-again = 請{ $when }再試一次。
send-again = { $when }您可以放心再次送出。
may-be-back = 網站{ $when }可能會恢復。

## 時間

moment = 稍後
minute = 約一分鐘後
minutes = 幾分鐘後
half-hour = 約半小時後
hour = 約一小時後
hours = 幾小時後
days = 幾天後

## 返回網站

again = 再試一次
returning = 本頁面會持續檢查，網站一恢復就會自動開啟。
returned = 網站已恢復，正在開啟。

## 說明

more-help = 問題仍未解決？
support = 取得協助
status = 服務狀態

## 回報問題時可提供的資訊

request = 要求
time = 時間
address = 網址
copy = 複製詳細資料
copied = 已複製

## Maintenance

maintenance-heading = 網站維護中
maintenance-lead = { $site } 正在維護，完成後將恢復服務。
maintenance-until = 預計恢復時間：
maintenance = 維護中
