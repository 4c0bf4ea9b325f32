package mlgate.node;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.transport.Netty4Plugin;

/** What reads differently in Elasticsearch 6 and 7: here, 6, whose node names its log when it knows its own name. */
class Compat extends Node {
    Compat(Environment environment) {
        super(environment, List.of(Netty4Plugin.class), true);
    }

    @Override
    protected void registerDerivedNodeNameWithLogger(String name) {
        LogConfigurator.setNodeName(name);
    }

    static Environment prepare(Settings paths, Map<String, String> given, Path config) {
        return InternalSettingsPreparer.prepareEnvironment(paths, null, given, config);
    }

    static void configureLog(Environment environment) throws Exception {
        LogConfigurator.configure(environment);
    }
}
