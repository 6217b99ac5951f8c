## このカタログについて

language = 日本語
direction = ltr

## リクエストの経路（三つの地点）

way = 問題が起きた場所
you = お使いの端末
network = 配信ネットワーク
server = サーバー

## 各地点の状態（名前の下に表示）

working = 問題なし
unreachable = 接続不可
bad-answer = 応答に問題あり
too-late = 時間内に応答なし
unavailable = 利用不可
failed = エラー発生
circle = リクエストが循環
misconfigured = 設定に問題あり
not-asked = リクエスト未到達

## 見出し

bad-answer-heading = サーバーから正しい応答がありませんでした
unreachable-heading = サーバーに接続できませんでした
too-late-heading = サーバーが時間内に応答しませんでした
unavailable-heading = サーバーを利用できません
failed-heading = サーバーでエラーが発生しました
circle-heading = リクエストが循環しました
network-heading = こちら側で問題が発生しました

## 何が起きたか（見出しの下の文）

connection-fine = お使いの接続に問題はありません。
unreachable-lead = 「{ $site }」のサーバーに接続できなかったため、ページを表示できません。
bad-answer-lead = 「{ $site }」のサーバーからの応答が途中で切れたか、利用できない内容でした。
too-late-lead = 「{ $site }」のサーバーに問い合わせて待ちましたが、時間内に応答が完了しませんでした。
unavailable-lead = 「{ $site }」のサーバーは現在ご利用いただけません。混雑しているか、メンテナンス中の可能性があります。
not-sent-lead = 「{ $site }」のサーバーは、ほかの方へも先ほど応答できませんでした。そのため、今回はリクエストを送信していません。
failed-lead = リクエストの処理中に、「{ $site }」のサーバーでエラーが発生しました。
circle-lead = 「{ $site }」へのリクエストが一度通った場所に戻ってきたため、処理を中止しました。
network-lead = リクエストの処理中に、「{ $site }」を配信するネットワークで問題が発生しました。
misconfigured-lead = 「{ $site }」を配信するネットワークの設定に問題があり、リクエストを転送できませんでした。

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
returning = このページは確認を続け、サイトが復旧し次第、自動的に戻ります。
returned = サイトが復旧しました。読み込んでいます。

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
maintenance = メンテナンス中
