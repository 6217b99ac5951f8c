## Bu katalog hakkında

language = Türkçe
direction = ltr

## İsteğin yolu, üç durak olarak

way = Sorunun yaşandığı nokta
you = Siz
network = Dağıtım ağı
server = Sunucu

## Durağın durumu, adının altında

working = Sorun yok
unreachable = Ulaşılamadı
bad-answer = Hatalı yanıt verdi
too-late = Yanıtı çok uzun sürdü
unavailable = Hizmet dışı
failed = Hata oluştu
circle = İstek döngüye girdi
misconfigured = Doğru ayarlanmamış
not-asked = İstek ulaşmadı

## Başlıklar

bad-answer-heading = Sunucu hatalı yanıt verdi
unreachable-heading = Sunucuya ulaşılamadı
too-late-heading = Sunucunun yanıt vermesi çok uzun sürdü
unavailable-heading = Sunucu hizmet dışı
failed-heading = Sunucuda hata oluştu
circle-heading = İstek döngüye girdi
network-heading = Bizden kaynaklanan bir sorun oluştu

## Ne oldu, başlığın altında bir cümleyle

connection-fine = Bağlantınızda sorun yok.
unreachable-lead = { $site } sitesinin sunucusuna ulaşamadığımız için sayfayı gösteremiyoruz.
bad-answer-lead = { $site } sitesinin sunucusu yanıtı yarıda kesti ya da kullanılamayan bir yanıt gönderdi.
too-late-lead = İsteğinizi { $site } sitesinin sunucusuna ilettik ve bekledik ancak yanıtın tamamı zamanında gelmedi.
unavailable-lead = { $site } sitesinin sunucusu şu anda hizmet vermiyor. Aşırı yoğunluk ya da bakım çalışması olabilir.
not-sent-lead = { $site } sitesinin sunucusu az önce başkaları için de yanıt veremedi. Bu yüzden isteğinizi bu kez iletmedik.
failed-lead = İsteğiniz işlenirken { $site } sitesinin sunucusunda bir hata oluştu.
circle-lead = { $site } sitesine gönderdiğiniz istek daha önce geçtiği bir noktaya geri döndüğü için durduruldu.
network-lead = İsteğiniz işlenirken { $site } sitesine erişim sağlayan ağda bir hata oluştu.
misconfigured-lead = { $site } sitesine erişim sağlayan ağ doğru ayarlanmadığı için isteğiniz iletilemedi.

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
returning = Bu sayfa siteyi kontrol etmeyi sürdürüyor ve site açılır açılmaz sizi oraya yönlendirecek.
returned = Site yeniden açıldı. Şimdi yükleniyor.

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
maintenance = Bakımda
