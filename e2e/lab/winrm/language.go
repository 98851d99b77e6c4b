package winrm

// English is the language hosts speak unless told otherwise.
const English = "en-US"

// translations are the fault texts of hosts in other languages. A client must
// go by the code: these exist to prove that it does.
var translations = map[string]map[uint32]string{
	"de-DE": {
		codeAccessDenied:        "Zugriff verweigert ",
		codeInvalidParameter:    "Falscher Parameter. ",
		codePipeEnded:           "Die Pipe wurde beendet. ",
		codeBusy:                "Die angeforderte Ressource wird bereits verwendet. ",
		codeAborted:             "Der E/A-Vorgang wurde wegen eines Threadendes oder einer Anwendungsanforderung abgebrochen. ",
		codeFileNotFound:        "Das System kann die angegebene Datei nicht finden. ",
		codeCommandTooLong:      "Der Dateiname oder die Erweiterung ist zu lang. ",
		codeProcessQuota:        "Es ist nicht genügend Kontingent verfügbar, um diesen Befehl zu verarbeiten. ",
		codeResourceNotFound:    "Die Ressource wurde vom WS-Verwaltungsdienst nicht gefunden. ",
		codeTimedOut:            "Der WS-Verwaltungsdienst konnte den Vorgang nicht innerhalb der angegebenen Zeit abschließen. ",
		codeSchema:              "Die SOAP-Nachricht entspricht nicht der XML-Schemadefinition. ",
		codeSelectorsUnexpected: "Die Anforderung enthielt ungültige Selektoren für die Ressource. ",
		codeQuotaShells:         "Die maximale Anzahl gleichzeitiger Shells für diesen Benutzer wurde überschritten. ",
		codeQuotaOperations:     "Die maximale Anzahl gleichzeitiger Vorgänge für diesen Benutzer wurde überschritten. ",
		codeQuotaUsers:          "Die maximale Anzahl gleichzeitiger Benutzer wurde überschritten. ",
	},
	"ja-JP": {
		codeAccessDenied:        "アクセスが拒否されました。 ",
		codeAborted:             "スレッドの終了またはアプリケーションの要求によって、I/O 処理は中止されました。 ",
		codeTimedOut:            "WS-Management サービスは、指定された時間内に操作を完了できません。 ",
		codeSelectorsUnexpected: "要求に無効なセレクターが含まれています。 ",
		codeQuotaShells:         "このユーザーの同時実行シェルの最大数を超えました。 ",
		codeQuotaOperations:     "このユーザーの同時実行操作の最大数を超えました。 ",
	},
}

// otherTexts stand in for codes a language has no text of its own for, so that
// no English slips through.
var otherTexts = map[string]string{
	"de-DE": "Der WS-Verwaltungsdienst kann die Anforderung nicht verarbeiten. ",
	"ja-JP": "WS-Management サービスは要求を処理できません。 ",
}

// translate returns the text of a code in a language.
func translate(language string, code uint32, english string) string {
	texts, ok := translations[language]
	if !ok {
		return english
	}
	if text, ok := texts[code]; ok {
		return text
	}
	return otherTexts[language]
}

// knownLanguage tells whether hosts can speak it.
func knownLanguage(language string) bool {
	_, ok := translations[language]
	return ok || language == English
}
