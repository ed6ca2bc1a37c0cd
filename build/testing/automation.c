/*
 * Lets WebKitWebDriver drive the real program. WebKitGTK gives a driver only
 * views that were made for it, and Wails makes its view without asking. This
 * library, loaded before the others (LD_PRELOAD) and only in tests, stands in
 * front of the function that Wails calls: it allows automation on the context,
 * makes the same view with the automation mark, and hands that view to the
 * driver when it asks for one. The program itself is the one that people get.
 */
#include <webkit2/webkit2.h>

static GtkWidget *view;

static WebKitWebView *give_view(WebKitAutomationSession *session, gpointer data)
{
	(void)session;
	(void)data;
	return WEBKIT_WEB_VIEW(view);
}

static void automation_started(WebKitWebContext *context, WebKitAutomationSession *session, gpointer data)
{
	(void)context;
	(void)data;
	g_signal_connect(session, "create-web-view", G_CALLBACK(give_view), NULL);
}

GtkWidget *webkit_web_view_new_with_user_content_manager(WebKitUserContentManager *manager)
{
	WebKitWebContext *context = webkit_web_context_get_default();
	webkit_web_context_set_automation_allowed(context, TRUE);
	g_signal_connect(context, "automation-started", G_CALLBACK(automation_started), NULL);
	view = GTK_WIDGET(g_object_new(WEBKIT_TYPE_WEB_VIEW,
		"web-context", context,
		"user-content-manager", manager,
		"is-controlled-by-automation", TRUE,
		NULL));
	return view;
}
