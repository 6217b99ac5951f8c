## このカタログについて

language = 日本語
direction = ltr

## リクエストの経路（三つの地点）

way = 問題が起きた場所
you = お使いの端末
network = 当方のネットワーク
server = 当方のサーバー

## 各地点の状態（名前の下に表示）

working = 問題なし
unreachable = 接続不可
lost = 接続エラー
bad-answer = 応答に問題あり
too-late = 時間内に応答なし
unavailable = 利用不可
failed = エラー発生
circle = 設定に問題あり
misconfigured = 設定に問題あり
not-asked = リクエスト未到達

## 見出し

unreachable-heading = 当サイトのサーバーに接続できません
lost-heading = 当サイトのサーバーとの接続に失敗しました
bad-answer-heading = 当サイトのサーバーの応答に問題がありました
too-late-heading = 当サイトのサーバーの応答に時間がかかりすぎています
unavailable-heading = 当サイトのサーバーを利用できません
failed-heading = 当サイトのサーバーでエラーが発生しました
circle-heading = こちら側で問題が発生しました
network-heading = こちら側で問題が発生しました

## 何が起きたか（見出しの下の文）

connection-fine = 申し訳ありません。お客様が原因ではなく、お使いの接続にも問題はありません。
unreachable-lead = 「{ $site }」のサーバーに接続できなかったため、まだ何も表示できません。
lost-lead = 「{ $site }」のサーバーとの接続を確立できなかったか、接続が途中で切れました。
bad-answer-lead = 「{ $site }」のサーバーから、利用できない内容が届きました。
too-late-lead = 「{ $site }」のサーバーに問い合わせて待ちましたが、時間内に応答が完了しませんでした。
unavailable-lead = 「{ $site }」のサーバーは現在ご利用いただけません。混雑しているか、メンテナンス中の可能性があります。
not-sent-lead = 「{ $site }」のサーバーは、ほかの方へも先ほど応答できませんでした。そのため、今回はリクエストを送信していません。
failed-lead = リクエストの処理中に、「{ $site }」のサーバーでエラーが発生しました。
circle-lead = 「{ $site }」の設定に誤りがあり、リクエストが元の場所に戻ってきたため、処理を中止しました。
network-lead = 「{ $site }」のサーバーとの間で、リクエストの処理中にこちら側の問題が発生しました。
misconfigured-lead = こちら側の「{ $site }」の設定に問題があり、リクエストを転送できませんでした。

## 送信されたフォーム、注文、支払いの結果

not-processed = 送信された内容は処理されていません。何も変更されていません。
may-be-processed = 送信された内容は、すでに処理されている可能性があります。二重に処理されないよう、再送信の前にご確認ください。

## 今できること

try-again = { $when }もう一度お試しください。
send-again = { $when }再送信していただいて問題ありません。
may-be-back = サイトは{ $when }復旧する可能性があります。

## 時期

moment = 少し後に
minute = 約1分後に
minutes = 数分後に
half-hour = 約30分後に
hour = 約1時間後に
hours = 数時間後に
days = 数日後に

## サイトへの復帰

again = もう一度試す
returning = このページは確認を続けます。サイトが復旧し次第、自動的に開きます。
returned = サイトが復旧しました。開いています。

## ヘルプ

more-help = 問題が解決しませんか？
support = サポートを利用
status = 稼働状況

## 問い合わせ時に伝える情報

request = リクエスト
time = 日時
address = アドレス
copy = 詳細をコピー
copied = コピーしました

## Maintenance

maintenance-heading = メンテナンス中です
maintenance-lead = 現在「{ $site }」のメンテナンスを行っています。終わり次第、再開します。
maintenance-until = 再開予定：
maintenance = メンテナンス中
