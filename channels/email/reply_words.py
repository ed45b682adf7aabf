"""What mail programs and people's mail systems write around a reply, by language: data, no code.

Labels and verbs as the programs themselves print them (Outlook, Gmail, Apple Mail, Thunderbird, Yahoo, GMX, Zoho
and the apps of phone makers), in the languages in which they are sold.
"""
# ruff: noqa: E501, RUF001 - lists of words in many scripts read worse when wrapped

from __future__ import annotations

LABELS: dict[str, str] = {
    "from": "from von de da van fra från frá od от від от кого kimden lähettäjä feladó expediteur expéditeur "
    "remitente remetente mittente afzender absender gönderen de la|de parte de|od koho|από|מאת|من|发件人|发件人|"
    "寄件者|寄件人|差出人|送信者|보낸 사람|보낸사람|pengirim|từ|dari|siųstas nuo|nuo|no|saatja|šalje",
    "sent": "sent date datum gesendet envoyé envoye enviado enviada fecha data inviato verzonden sendt dato skickat "
    "wysłano отправлено дата надіслано gönderildi gönderilme tarih lähetetty päiväys elküldve küldve dátum "
    "odesláno odoslané poslano trimis|message du|sent on|date d'envoi|enviado em|enviado el|gesendet am|"
    "data wysłania|gönderilme tarihi|datum odeslání|dato sendt|ημερομηνία|στάλθηκε|נשלח|تاريخ|发送时间|发送日期|"
    "日期|寄件日期|傳送時間|送信日時|日時|日付|보낸 날짜|날짜|dikirim|tanggal|ngày|đã gửi|išsiųsta|saadetud|nosūtīts",
    "to": "to an à a para per aan til till do кому кого kime alıcı vastaanottaja címzett komu către destinataire "
    "destinatario ontvanger empfänger|pre|za|προς|אל|إلى|收件人|收件者|宛先|受信者|받는 사람|받는사람|kepada|đến|kam|kellele",
    "cc": "cc kopie copie copia kopi kopia копия копія dw bilgi kopio másolat v kopii|copie à|cópia|com cópia|"
    "抄送|副本|참조|tembusan",
    "subject": "subject betreff betr betreff objet asunto assunto oggetto onderwerp emne ämne temat тема konu aihe "
    "tárgy předmět predmet subiect teema tema|sujet|θέμα|נושא|الموضوع|主题|主題|主旨|件名|제목|perihal|subjek|chủ đề",
}
"""Labels of a quoted head. Words of one piece stand first, then those with spaces between bars."""

ORIGINAL = (
    "original message|original mail|originalnachricht|original-nachricht|ursprüngliche nachricht|"
    "ursprungsnachricht|message d'origine|message d’origine|message original|message initial|mensaje original|"
    "mensagem original|messaggio originale|oorspronkelijk bericht|originele bericht|oprindelig meddelelse|"
    "original meddelelse|opprinnelig melding|originalmeddelelse|ursprungligt meddelande|originalmeddelande|"
    "alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|původní zpráva|pôvodná správa|"
    "eredeti üzenet|mesajul original|mesaj original|özgün ileti|orijinal mesaj|исходное сообщение|"
    "оригинальное сообщение|оригінальне повідомлення|αρχικό μήνυμα|原始邮件|原始郵件|原邮件|"
    "元のメッセージ|원본 메시지|원본 메일|originalna poruka|izvirno sporočilo|pesan asli|thư gốc"
)
"""Titles of the rule above the mail that is answered."""

FORWARDED = (
    "forwarded message|forwarded mail|fwd message|weitergeleitete nachricht|weitergeleitete mail|"
    "message transféré|message transmis|courriel transféré|mensaje reenviado|mensagem encaminhada|"
    "mensagem reencaminhada|messaggio inoltrato|doorgestuurd bericht|videresendt meddelelse|"
    "videresendt melding|vidarebefordrat meddelande|vidarebefordrat mail|välitetty viesti|edelleenlähetetty viesti|"
    "przekazana wiadomość|wiadomość przekazana|přeposlaná zpráva|preposlaná správa|továbbított üzenet|"
    "mesaj redirecționat|iletilen mesaj|iletilmiş mesaj|пересланное сообщение|пересылаемое сообщение|"
    "переслане повідомлення|προωθημένο μήνυμα|转发的邮件|轉寄郵件|转发邮件|転送されたメッセージ|전달된 메시지|"
    "anfang der weitergeleiteten nachricht|begin forwarded message|début du message transféré|"
    "inizio messaggio inoltrato|inicio del mensaje reenviado|início da mensagem encaminhada|"
    "begin doorgestuurd bericht|start på videresendt besked|vidarebefordrat brev|början på vidarebefordrat brev|"
    "début du message réexpédié|message réexpédié|início da mensagem reencaminhada|początek przekazywanej wiadomości|"
    "начало переадресованного сообщения|以下是转发的邮件|下面是被转发的邮件|iletilen ileti başlangıcı|"
    "začátek přeposlané zprávy|välitetty viesti alkaa|začiatok preposlanej správy|başlangıcı iletilen ileti|"
    "továbbított levél kezdete|inici del missatge reenviat"
)
"""Titles of the rule above a mail that is passed on."""

STARTS = (
    "on|am|le|el|il|pe|vào|pada|pada tanggal|ในวันที่|เมื่อ|في|בתאריך|a las|il giorno|in data|il dì|em|em data|no dia|a|op|den|det|w dniu|dnia|dne|dňa|în data|pe data de|на|в|у|na|"
    "στις|em data de|a data|tarihinde|kl|ven|lun|mar|mer|gio|sab|dom"
)
"""First words of a line that says when somebody wrote."""

VERBS = (
    "wrote|writes|schrieb|schrieben|a écrit|a ecrit|écrivait|escribió|escribio|escribía|ha scritto|scrisse|"
    "escreveu|schreef|heeft geschreven|skrev|skreiv|kirjoitti|napisał|napisała|napisał\\(a\\)|pisze|napsal|napsala|"
    "napsal\\(a\\)|napísal|napísala|napísal\\(a\\)|írta|ezt írta|a scris|yazdı|şunu yazdı|şunları yazdı|написал|"
    "написала|написал\\(а\\)|пишет|пише|написав|написала|έγραψε|כתב|כתבה|كتب|写道|寫道|のメール|が書きました|"
    "님이 작성|작성|napisao|napisala|napisana przez|je napisao|je napisal|rašė|rakstīja|kirjutas|написа|đã viết|menulis|va escriure|เขียนว่า|كتب|"
    "het geskryf|wrote the following|schrieb folgendes"
)
"""What somebody did: the end, or nearly so, of the line above a quotation."""

DEVICES = (
    r"sent (?:from|via|with|using|by|on)\b|get outlook for\b|get (?:the )?\w+ (?:app )?for (?:ios|android)\b|"
    r"gesendet (?:von|mit|über|aus|via)\b|versendet (?:von|mit)\b|von mein\w+ .{2,30} gesendet|"
    r"von (?:samsung|outlook|iphone|ipad|yahoo|unterwegs)\b.{0,30}gesendet|"
    r"diese nachricht wurde von mein\w+ .{2,60} gesendet|holen sie sich outlook|outlook für \w+ (?:herunterladen|beziehen)|"
    r"envoyé (?:de|depuis|à partir|avec|par|via)\b|envoyé d['’]|télécharger outlook|obtenir outlook|obtenez outlook|"
    r"enviado (?:desde|do|de|da|por|via|con|com|a partir)\b|enviada (?:desde|do)\b|obtener outlook|obter o outlook|"
    r"obtenha o outlook|inviato (?:da|dal|con|tramite|dallo)\b|ottieni outlook|scarica outlook|"
    r"verzonden (?:vanaf|met|via|vanuit|door)\b|verstuurd (?:vanaf|met|via)\b|outlook voor \w+ downloaden|"
    r"download outlook|sendt (?:fra|via|med)\b|hent outlook|skickat (?:från|via)\b|skickades från|hämta outlook|"
    r"lähetetty\b|hanki outlook|wysłan[eoy] (?:z|przy|za)\b|pobierz (?:program )?outlook|отправлено (?:с|из|через)\b|"
    r"надіслано (?:з|із)\b|odesláno (?:z|ze)\b|odoslané z\b|trimis (?:de|din|prin)\b|küldve\b|"
    r"(?:az )?iphone-omról küldve|στάλθηκε από\b|.{2,20} gönderildi$|.{1,20}から送信$|发自我的|從我的 ?\w+ ?傳送|"
    r"从我的 ?\w+ ?发送|나의 \w+에서 보냄|poslano (?:z|s|iz)\b|dikirim dari\b|enviat des de\b"
)
"""Beginnings of what phones and apps put below a mail."""

DISCLAIMERS = (
    r"intended (?:only|solely|exclusively) for|intended for the (?:sole|exclusive)|solely for the (?:use|intended)|"
    r"if you (?:are not|have received|receive|received) (?:the intended|this (?:e-?mail|message|communication) (?:in|by) error)|"
    r"(?:e-?mail|message|communication)[^.]{0,80}(?:is|are|may be|contains?)[^.]{0,40}(?:confidential|privileged)|"
    r"confidentiality notice|think before you print|consider the environment before printing|"
    r"(?:diese|die) (?:e-?mail|nachricht)[^.]{0,80}vertraulich|nicht der (?:richtige|beabsichtigte|bestimmungsgemäße)|"
    r"irrtümlich erhalten|bitte denken sie an die umwelt|"
    r"(?:ce|cet|le présent) (?:message|courriel|e-?mail)[^.]{0,120}confidentiel|si vous avez reçu ce (?:message|courriel)|"
    r"(?:este|el presente) (?:mensaje|correo|e-?mail)[^.]{0,120}confidencial|si (?:usted )?ha recibido este|"
    r"(?:esta|a presente) (?:mensagem|e-?mail)[^.]{0,120}confidencia|se (?:você )?recebeu esta|"
    r"(?:questo|il presente|questa) (?:messaggio|e-?mail|comunicazione)[^.]{0,120}(?:riservat|confidenzial)|"
    r"informazioni contenute in (?:questo|questa|codesto)|(?:ricevete|ricevuto) questo messaggio per errore|se ha ricevuto|"
    r"qualora (?:abbiate|avesse) ricevuto|(?:dit|deze) (?:bericht|e-?mail)[^.]{0,120}vertrouwelijk|"
    r"uitsluitend bestemd voor|ten onrechte (?:ontvangen|heeft ontvangen)|"
    r"(?:denne|dette) (?:e-?mail|e-?post|melding)[^.]{0,120}fortrolig|"
    r"(?:ta|niniejsza) wiadomość[^.]{0,120}poufn|scanned (?:by|for) viruses|virus-?free\.? www\."
)
"""What stands in a paragraph that lawyers, not customers, wrote."""

LISTS = (
    "mailing list|mailing-list|mailinglist|mailman/listinfo|to unsubscribe|unsubscribe from this group|"
    "google groups|googlegroups\\.com|abbestellen|abmelden|se désabonner|darse de baja|uitschrijven"
)
"""What the footer of a list says."""

MARKERS = (
    r"(?:please )?(?:type|write|reply|enter) (?:your )?(?:reply|response|answer)?\s*above this line|"
    r"antworten sie (?:bitte )?(?:oberhalb|über) dieser (?:linie|zeile)|bitte oberhalb dieser (?:linie|zeile) antworten|"
    r"répond(?:re|ez) au-dessus de cette ligne|responda (?:por )?(?:encima de|acima d)esta lín?[eh]+a|"
    r"rispond\w+ sopra questa (?:linea|riga)|(?:antwoord|schrijf|typ) (?:uw antwoord )?boven deze (?:lijn|regel)"
)
"""The line that a help desk, ours among them, asks people to write above."""
