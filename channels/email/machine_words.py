"""How machines name themselves and what they say, by language: data, no code."""
# ruff: noqa: E501, RUF001 - lists of words in many scripts read worse when wrapped

from __future__ import annotations

DAEMONS = (
    r"mailer-?daemon|mail-?daemon|mdaemon|double-bounce|bounce(?:s|-notification)?|mail_?admin|"
    r"mmdf|uucp|symantec_antivirus|mailgate|delivery-status|mail-delivery"
)
"""Local parts that no person has."""

POSTMASTERS = (
    r"post[-_ ]?master|system[- ]?administrator|administrator|mail[-_ ]?admin\w*|root|"
    r"administrador del sistema|administrateur système"
)
"""Names and local parts of mail systems that people write under too."""

DAEMON_NAMES = (
    r"mail(?:er)? deliver\w+ (?:(?:sub)?system|service|agent)|internet mail delivery(?: subsystem| system)?|"
    r"mailer[- ]daemon|mail system|microsoft exchange|mail router|mail delivery|"
    r"delivery (?:notification|subsystem)|sistema de correo|amazon ses mailer"
)
"""Names that mail systems give themselves."""

FAILURES = (
    r"undeliver\w+|delivery status|delivery notification|delivery (?:has )?fail\w*|(?:mail|message|e-?mail) (?:delivery )?"
    r"(?:fail\w+|error|status)|failure notice|failed delivery|returned (?:mail|message|to sender)|return(?:ed)? to sender|"
    r"non[- ]?delivery|nondeliverable|could not be delivered|couldn't be delivered|"
    r"unable to deliver|not delivered|rejected|user unknown|unknown user|delivery error|delivery problem|"
    r"mail system error|bounced? mail|address not found|message blocked|permanent error|warning: could not send|"
    r"unzustellbar|nicht zustellbar|zustellung(?:sfehler)? (?:fehlgeschlagen|gescheitert)|nicht zugestellt|"
    r"zustellungsproblem|fehlerhafte zustellung|fehler bei der zustellung|"
    r"non remis|échec de (?:la )?(?:remise|distribution|livraison)|courrier non distribué|"
    r"non distribuable|no se (?:ha )?(?:pudo|podido) entregar|no entregado|devuelto|falha na entrega|não entregue|"
    r"não foi possível entregar|mancato recapito|mancata consegna|impossibile recapitare|niet (?:te )?bezorg\w+|"
    r"onbestelbaar|kan niet worden (?:bezorgd|afgeleverd)|kunne ikke leveres|ikke leveret|kunde inte levereras|"
    r"olevererbart|ei voitu toimittaa|nie dostarczono|niedostarczon\w+|не доставлен\w*|недоставлен\w*|"
    r"nedoručiteln\w+|nedoručeno|kézbesíthetetlen|teslim edilemedi|配信できません|配信不能|送信できませんでした|"
    r"退信|无法投递|無法傳遞|반송|전송 실패"
)
"""Subjects of mails that say that a mail did not arrive."""

FAILURE_TEXTS = (
    r"this is the [\w-]+ program at|i(?:'m| am) (?:afraid|sorry)[^.]{0,60}(?:deliver|inform)|"
    r"your (?:e-?mail )?message (?:to .{1,200} )?(?:did not reach|could not|couldn't|cannot|can not|was not|wasn't|has not)|"
    r"(?:message|mail|e-?mail)[^.:]{0,120}(?:could not|couldn't|cannot|can not|can't|was not|wasn't|were not) (?:be )?"
    r"(?:able to )?(?:sent|deliver\w*|forwarded)|a message that you sent|delivery to the following recipients? (?:has )?failed|"
    r"delivery has failed to these|permanent fatal errors|transcript of session follows|failure reasons|"
    r"unable to deliver|undeliverable|not deliverable|did not reach the following|failed to deliver|deliver\w* failed|"
    r"message (?:was|has been) (?:rejected|blocked|returned|undelivered)|returned to (?:you|sender)|"
    r"user unknown|unknown user|no such user|rejected by|deliver\w* (?:problem|error)|mailbox (?:is )?(?:full|unavailable|not found)|over quota|quota exceeded|"
    r"recipient (?:address )?(?:rejected|unknown)|host (?:unknown|not found)|invalid (?:recipient|address)|"
    r"delivery (?:attempt|error|failure)|non[- ]?delivery|unrouteable|relaying denied|"
    r"nicht zugestellt werden|konnte nicht|n'a pas pu être|no (?:se )?pudo|non è stato possibile|não pôde ser|"
    r"配信できませんでした|送信できませんでした|お届けできませんでした|\b5\d\d[ -]5\.\d\.\d|\b55[0-4]\b|\b5\.[1-7]\.\d{1,3}\b"
)
"""Texts of such mails."""

DELAYS = (
    r"delayed|\bdelay\b|still being retried|warning: message|will be retried|still trying|zustellung verzögert|"
    r"verzögert|retardé|retrasad|in ritardo|vertraagd|försenad|forsinke"
)
"""Subjects of mails that say that a mail may still arrive."""

DELAY_TEXTS = (
    r"this is a warning message only|you do not need to resend|you don't need to resend|"
    r"(?:will|to) (?:be )?(?:retr(?:y|ied)|keep trying|continue (?:to try|trying))|"
    r"has not (?:yet )?been delivered|delivery attempts will continue|is still in the queue|delivery is delayed"
)

ANSWERS = (
    r"automatic(?:ally)? (?:generated )?(?:reply|response|answer)|auto(?:matic)?[- ]?(?:reply|response|responder)|"
    r"out of (?:the )?office|away from (?:the |my )?office|on (?:vacation|holiday|leave)|vacation (?:reply|message|notice)|"
    r"automatische antwort|automatische rückantwort|abwesenheit\w*|nicht im (?:büro|haus)|"
    r"réponse automatique|absence du bureau|absent du bureau|respuesta automática|fuera de (?:la )?oficina|"
    r"ausente|resposta automática|fora do escritório|ausência temporária|risposta automatica|fuori (?:sede|ufficio)|"
    r"automatisch antwoord|afwezig\w*|autosvar|automatisk svar|automatiskt svar|fravær\w*|frånvaro\w*|"
    r"automaattinen vastaus|poissa|autoodpowiedź|automatyczna odpowiedź|poza biurem|nieobecność|"
    r"автоматический ответ|автоответ|автоматична відповідь|automatická odpověď|automatická odpoveď|"
    r"automatikus válasz|răspuns automat|otomatik (?:yanıt|cevap)|自動返信|自动回复|自動回覆|자동 회신|자동 응답|"
    r"αυτόματη απάντηση|respuesta automatica"
)
"""Subjects of automatic answers. A person may write them too: they count only with a machine's header."""

ROBOTS = (
    r"no[-_.]?reply|do[-_.]?not[-_.]?reply|donotreply|noresponder|no[-_.]?responder|nepasrepondre|ne[-_.]pas[-_.]repondre|"
    r"nicht[-_.]?antworten|keine[-_.]?antwort|noreplies|notifications?|nobody|www-data|wordpress|cron|daemon|alerts?|"
    r"automailer|autoresponder|auto-?confirm|mailrobot"
)
"""Local parts that machines write from."""
