## Tentang katalog ini

language = Bahasa Indonesia
direction = ltr

## Perjalanan permintaan dalam tiga perhentian

way = Letak gangguan
you = Anda
network = Jaringan kami
server = Server kami

## Keadaan perhentian, di bawah namanya

working = Tidak ada masalah
unreachable = Tidak dapat dihubungi
lost = Koneksi gagal
bad-answer = Respons tidak valid
too-late = Terlalu lama merespons
unavailable = Tidak tersedia
failed = Terjadi kesalahan
circle = Pengaturan tidak tepat
misconfigured = Pengaturan tidak tepat
not-asked = Permintaan tidak sampai

## Judul

unreachable-heading = Kami tidak dapat menghubungi server kami
lost-heading = Koneksi ke server kami gagal
bad-answer-heading = Respons dari server kami tidak valid
too-late-heading = Server kami terlalu lama merespons
unavailable-heading = Server kami tidak tersedia
failed-heading = Terjadi kesalahan pada server kami
circle-heading = Terjadi gangguan di pihak kami
network-heading = Terjadi gangguan di pihak kami

## Apa yang terjadi, dalam beberapa kalimat di bawah judul

connection-fine = Mohon maaf! Ini bukan kesalahan Anda, dan koneksi Anda tidak bermasalah.
unreachable-lead = Kami tidak dapat menghubungi server situs { $site }, jadi belum ada yang dapat ditampilkan.
lost-lead = Koneksi kami ke server situs { $site } tidak dapat dibuat atau terputus.
bad-answer-lead = Server situs { $site } mengirim sesuatu yang tidak dapat kami gunakan.
too-late-lead = Kami sudah menghubungi server situs { $site } dan menunggu, tetapi respons lengkapnya tidak datang tepat waktu.
unavailable-lead = Server situs { $site } sedang tidak beroperasi. Mungkin server kelebihan beban atau sedang dalam pemeliharaan.
not-sent-lead = Server situs { $site } baru saja gagal melayani pengunjung lain, jadi kali ini permintaan Anda tidak kami kirimkan.
failed-lead = Server situs { $site } mengalami kesalahan saat memproses permintaan Anda.
circle-lead = Kesalahan pengaturan situs { $site } membawa permintaan Anda kembali ke asalnya, jadi kami menghentikannya.
network-lead = Dalam perjalanan ke server situs { $site }, terjadi gangguan di pihak kami saat memproses permintaan Anda.
misconfigured-lead = Situs { $site } tidak diatur dengan benar di pihak kami, jadi kami tidak dapat meneruskan permintaan Anda.

## Nasib formulir, pesanan, atau pembayaran yang dikirim

not-processed = Permintaan Anda tidak diproses dan tidak ada yang berubah.
may-be-processed = Meski demikian, permintaan Anda mungkin sudah diproses. Mohon periksa sebelum mengirimnya lagi agar tidak diproses dua kali.

## Apa yang perlu dilakukan sekarang

try-again = Silakan coba lagi { $when }.
send-again = Anda dapat mengirimnya lagi dengan aman { $when }.
may-be-back = Situs mungkin dapat diakses kembali { $when }.

## Kapan

moment = setelah beberapa saat
minute = setelah sekitar satu menit
minutes = setelah beberapa menit
half-hour = setelah sekitar setengah jam
hour = setelah sekitar satu jam
hours = setelah beberapa jam
days = setelah beberapa hari

## Kembali ke situs

again = Coba lagi
returning = Halaman ini terus memeriksa. Begitu situs pulih, situs akan terbuka sendiri.
returned = Situs sudah pulih dan sedang dibuka.

## Bantuan

more-help = Masih bermasalah?
support = Dapatkan bantuan
status = Status layanan

## Detail untuk disampaikan

request = Permintaan
time = Waktu
address = Alamat
copy = Salin detail
copied = Tersalin

## Maintenance

maintenance-heading = Sedang dalam pemeliharaan
maintenance-lead = Pemeliharaan situs { $site } sedang berlangsung. Setelah selesai, situs dapat diakses kembali.
maintenance-until = Diperkirakan kembali:
maintenance = Dalam pemeliharaan
