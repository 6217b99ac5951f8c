## Bu katalog hakkında

language = Türkçe
direction = ltr

## İsteğin yolu, üç durak olarak

way = Sorunun yaşandığı nokta
you = Siz
network = Ağımız
server = Sunucumuz

## Durağın durumu, adının altında

working = Sorun yok
unreachable = Ulaşılamadı
lost = Bağlantı sorunu
bad-answer = Hatalı yanıt verdi
too-late = Yanıtı çok uzun sürdü
unavailable = Hizmet dışı
failed = Hata oluştu
circle = Doğru ayarlanmamış
misconfigured = Doğru ayarlanmamış
not-asked = İstek ulaşmadı

## Başlıklar

unreachable-heading = Sunucumuza ulaşamıyoruz
lost-heading = Sunucumuzla bağlantıda sorun oluştu
bad-answer-heading = Sunucumuz hatalı yanıt verdi
too-late-heading = Sunucumuzun yanıt vermesi çok uzun sürüyor
unavailable-heading = Sunucumuz hizmet dışı
failed-heading = Sunucumuzda hata oluştu
circle-heading = Bizden kaynaklanan bir sorun oluştu
network-heading = Bizden kaynaklanan bir sorun oluştu

## Ne oldu, başlığın altında birkaç cümleyle

connection-fine = Özür dileriz! Bu sizin hatanız değil, bağlantınızda da sorun yok.
unreachable-lead = { $site } sitesinin sunucusuna ulaşamadığımız için henüz gösterebileceğimiz bir şey yok.
lost-lead = { $site } sitesinin sunucusuyla bağlantımız kurulamadı ya da koptu.
bad-answer-lead = { $site } sitesinin sunucusu kullanamadığımız bir yanıt gönderdi.
too-late-lead = İsteğinizi { $site } sitesinin sunucusuna ilettik ve bekledik ancak yanıtın tamamı zamanında gelmedi.
unavailable-lead = { $site } sitesinin sunucusu şu anda hizmet vermiyor. Aşırı yoğunluk ya da bakım çalışması olabilir.
not-sent-lead = { $site } sitesinin sunucusu az önce başkaları için de yanıt veremedi. Bu yüzden isteğinizi bu kez iletmedik.
failed-lead = İsteğiniz işlenirken { $site } sitesinin sunucusunda bir hata oluştu.
circle-lead = { $site } sitesinin ayarlarındaki bir hata isteğinizi geldiği yere geri gönderdi, bu yüzden isteği durdurduk.
network-lead = İsteğiniz işlenirken, { $site } sitesinin sunucusuna giden yolda bizden kaynaklanan bir sorun oluştu.
misconfigured-lead = { $site } sitesi bizim tarafımızda doğru ayarlanmadığı için isteğinizi iletemedik.

## Gönderilen forma, siparişe, ödemeye ne oldu

not-processed = İsteğiniz işleme alınmadı, hiçbir değişiklik yapılmadı.
may-be-processed = İsteğiniz yine de işlenmiş olabilir. Aynı işlemin iki kez yapılmaması için yeniden göndermeden önce lütfen kontrol edin.

## Şimdi ne yapılmalı

try-again = Lütfen { $when } yeniden deneyin.
send-again = İsteğinizi { $when } güvenle yeniden gönderebilirsiniz.
may-be-back = Site { $when } yeniden açılabilir.

## Ne zaman

moment = birazdan
minute = yaklaşık bir dakika sonra
minutes = birkaç dakika sonra
half-hour = yaklaşık yarım saat sonra
hour = yaklaşık bir saat sonra
hours = birkaç saat sonra
days = birkaç gün sonra

## Siteye dönüş

again = Yeniden dene
returning = Bu sayfa kontrol etmeyi sürdürüyor. Site geri gelir gelmez kendiliğinden açılacak.
returned = Site geri geldi. Şimdi açılıyor.

## Yardım

more-help = Sorun devam ediyor mu?
support = Yardım al
status = Hizmet durumu

## İletilecek ayrıntılar

request = İstek
time = Zaman
address = Adres
copy = Ayrıntıları kopyala
copied = Kopyalandı

## Maintenance

maintenance-heading = Bakım çalışması yapılıyor
maintenance-lead = { $site } sitesinde bakım çalışması yapılıyor. Site, çalışma bitince yeniden açılacak.
maintenance-until = Tahmini dönüş:
maintenance = Bakımda
