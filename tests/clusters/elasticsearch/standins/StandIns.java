package mlgate.standins;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

import mlgate.node.BasePlugin;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.email.UAX29URLEmailTokenizer;
import org.apache.lucene.analysis.miscellaneous.RemoveDuplicatesTokenFilter;
import org.apache.lucene.analysis.pattern.PatternCaptureGroupTokenFilter;
import org.elasticsearch.action.ActionType;
import org.elasticsearch.common.settings.Setting;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.PreConfiguredTokenFilter;
import org.elasticsearch.index.analysis.PreConfiguredTokenizer;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.elasticsearch.indices.analysis.AnalysisModule.AnalysisProvider;
import org.elasticsearch.plugins.AnalysisPlugin;
import org.elasticsearch.rest.RestHandler;
import org.elasticsearch.transport.netty4.Netty4Plugin;

/**
 * Fills in for the server's modules that Maven Central lacks: three names of the analysis module, without which the
 * {@code .security} index (native users and roles, API keys) cannot be created, and the page at {@code GET /}.
 */
public final class StandIns extends BasePlugin implements AnalysisPlugin {
    @Override
    public Map<ActionType<?>, Class<?>> transportActions() {
        return Map.of(RootPage.ACTION, RootPage.class);
    }

    @Override
    public List<RestHandler> restHandlers() {
        return List.of(new RestRootPage());
    }

    /** The netty transport lies on the class path and not in a module, so nobody else declares its settings. */
    @Override
    public List<Setting<?>> getSettings() {
        return new Netty4Plugin().getSettings();
    }

    @Override
    public Map<String, AnalysisProvider<TokenFilterFactory>> getTokenFilters() {
        return Map.of("pattern_capture", AnalysisPlugin.requiresAnalysisSettings((i, e, name, settings) -> patternCapture(name, settings)));
    }

    @Override
    public List<PreConfiguredTokenFilter> getPreConfiguredTokenFilters() {
        return List.of(PreConfiguredTokenFilter.singleton("unique", false, RemoveDuplicatesTokenFilter::new));
    }

    @Override
    public List<PreConfiguredTokenizer> getPreConfiguredTokenizers() {
        return List.of(PreConfiguredTokenizer.singleton("uax_url_email", UAX29URLEmailTokenizer::new));
    }

    private static TokenFilterFactory patternCapture(String name, Settings settings) {
        Pattern[] patterns = settings.getAsList("patterns").stream().map(Pattern::compile).toArray(Pattern[]::new);
        boolean keepWhole = settings.getAsBoolean("preserve_original", true);
        return new TokenFilterFactory() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public TokenStream create(TokenStream tokens) {
                return new PatternCaptureGroupTokenFilter(tokens, keepWhole, patterns);
            }
        };
    }
}
