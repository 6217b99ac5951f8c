## Tentang katalog ini

language = Bahasa Indonesia
direction = ltr

## Perjalanan permintaan dalam tiga perhentian

way = Letak gangguan
you = Anda
network = Jaringan distribusi
server = Server

## Keadaan perhentian, di bawah namanya

working = Tidak ada masalah
unreachable = Tidak dapat dihubungi
bad-answer = Respons tidak valid
too-late = Terlalu lama merespons
unavailable = Tidak tersedia
failed = Terjadi kesalahan
circle = Permintaan berputar-putar
misconfigured = Pengaturan tidak tepat
not-asked = Permintaan tidak sampai

## Judul

bad-answer-heading = Respons dari server tidak valid
unreachable-heading = Server tidak dapat dihubungi
too-late-heading = Server terlalu lama merespons
unavailable-heading = Server tidak tersedia
failed-heading = Terjadi kesalahan pada server
circle-heading = Permintaan berputar-putar
network-heading = Terjadi gangguan di pihak kami

## Apa yang terjadi, dalam satu kalimat di bawah judul

connection-fine = Koneksi Anda tidak bermasalah.
unreachable-lead = Kami tidak dapat menghubungi server situs { $site } sehingga halaman tidak dapat ditampilkan.
bad-answer-lead = Server situs { $site } terputus di tengah jalan atau mengirim respons yang tidak dapat digunakan.
too-late-lead = Kami sudah menghubungi server situs { $site } dan menunggu, tetapi respons lengkapnya tidak datang tepat waktu.
unavailable-lead = Server situs { $site } sedang tidak beroperasi. Mungkin server kelebihan beban atau sedang dalam pemeliharaan.
not-sent-lead = Server situs { $site } baru saja gagal melayani pengunjung lain, jadi kali ini permintaan Anda tidak kami kirimkan.
failed-lead = Server situs { $site } mengalami kesalahan saat memproses permintaan Anda.
circle-lead = Permintaan Anda ke situs { $site } kembali ke tempat yang sudah dilewati, jadi kami menghentikannya.
network-lead = Jaringan yang melayani situs { $site } mengalami kesalahan saat memproses permintaan Anda.
misconfigured-lead = Jaringan yang melayani situs { $site } tidak diatur dengan benar sehingga tidak dapat meneruskan permintaan Anda.

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
returning = Halaman ini terus memeriksa situs dan akan membukanya begitu dapat diakses.
returned = Situs sudah dapat diakses kembali dan sedang dimuat.

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
maintenance = Dalam pemeliharaan
