// One official JavaScript client, any major version, against one server: what its calls gave, as one line of JSON. The
// argument is the same as that of client.py, and so are the steps.

const { Client } = require('@elastic/elasticsearch');

const asked = JSON.parse(process.argv[process.argv.length - 1]);
const old = asked.major < 8;
const job = 'it-ops-kpi';

const client = (username, password) => new Client({ node: asked.url, auth: { username, password }, maxRetries: 0 });
// Version 7 answers with more than the body.
const body = async reply => old ? (await reply).body : await reply;
// and takes what is no parameter of the path in a body.
const fields = content => old ? { body: content } : content;

async function attempt(call) {
  try {
    return await call();
  } catch (error) {
    return { raised: error.name, status: error.statusCode ?? error.meta?.statusCode ?? String(error.message).slice(0, 300) };
  }
}

async function getBuckets(es) {
  const get = options => body(es.ml.getBuckets({ job_id: job, ...options }));
  const timestamps = async options => {
    const reply = await get(options);
    return [reply.count, ...reply.buckets.map(bucket => bucket.timestamp)];
  };
  const ways = {
    options: async () => {
      const reply = await get({ anomaly_score: 80, start: '1454530200001' });
      return reply.buckets.map(bucket => [bucket.anomaly_score, bucket.timestamp]);
    },
    sorted: () => timestamps({ sort: 'anomaly_score', desc: true, size: 3 }),
    timestamp: () => timestamps({ timestamp: '1454943900000' }),
    expand: async () => {
      const reply = await get({ timestamp: '1454943900000', expand: true });
      return [reply.count, reply.buckets[0].records.length];
    },
    'unknown job': () => get({ job_id: 'no-such-job' }),
    'no bucket': () => get({ timestamp: '1' }),
    bad: () => get({ timestamp: '1454943900000', start: '1' }),
    page: () => timestamps(fields({ page: { from: 1, size: 2 }, sort: 'anomaly_score', desc: true })),
  };
  const found = {};
  for (const [way, call] of Object.entries(ways)) found[way] = await attempt(call);
  for (const [what, [user, password]] of [['refused', asked.refused], ['unknown', [asked.user, 'wrong']]]) {
    found[what] = await attempt(() => body(client(user, password).ml.getBuckets({ job_id: job })));
  }
  return found;
}

async function ordinary(es, index) {
  const found = {};
  const step = async (name, call) => { found[name] = await attempt(call); };
  const number = hit => hit._source.n;
  const sum = numbers => numbers.reduce((all, next) => all + next, 0);
  const operations = [];
  for (let n = 1; n <= 300; n++) operations.push({ n, text: 'x'.repeat(50) });

  await step('info', async () => (await body(es.info())).version.number);
  await step('ping', () => body(es.ping()));
  await step('create', async () => (await body(es.indices.create({ index }))).acknowledged);
  const first = old ? { body: { n: 0 } } : { document: { n: 0 } };
  await step('index', async () => (await body(es.index({ index, id: '0', refresh: true, ...first }))).result);
  await step('bulk', async () => {
    const onDocument = document => ({ index: { _index: index, _id: String(document.n) } });
    return (await es.helpers.bulk({ datasource: operations, onDocument, flushBytes: 5000, refreshOnCompletion: index })).successful;
  });
  await step('count', async () => (await body(es.count({ index }))).count);
  await step('search', async () => {
    const search = fields({ query: { range: { n: { lt: 100 } } }, sort: [{ n: 'desc' }], size: 3 });
    return (await body(es.search({ index, ...search }))).hits.hits.map(number);
  });
  await step('scroll', async () => {
    let reply = await body(es.search({ index, scroll: '1m', size: 100, ...fields({ sort: [{ n: 'asc' }] }) }));
    const numbers = [];
    while (reply.hits.hits.length) {
      numbers.push(...reply.hits.hits.map(number));
      reply = await body(es.scroll(fields({ scroll_id: reply._scroll_id, scroll: '1m' })));
    }
    await es.clearScroll(fields({ scroll_id: reply._scroll_id }));
    return [numbers.length, numbers.every((n, at) => at === 0 || numbers[at - 1] <= n), sum(numbers)];
  });
  await step('scan', async () => {
    let all = 0;
    for await (const document of es.helpers.scrollDocuments({ index, size: 50, ...fields({ query: { match_all: {} } }) })) all += document.n;
    return all;
  });
  await step('point in time', async () => {
    const { id } = await body(es.openPointInTime({ index, keep_alive: '1m' }));
    const numbers = [];
    for (let after; ;) {
      const search = { pit: { id, keep_alive: '1m' }, sort: [{ n: 'asc' }], size: 100, ...(after && { search_after: after }) };
      const { hits } = (await body(es.search(fields(search)))).hits;
      if (!hits.length) break;
      numbers.push(...hits.map(number));
      after = hits[hits.length - 1].sort;
    }
    await es.closePointInTime(fields({ id }));
    return [numbers.length, sum(numbers)];
  });
  await step('get', async () => (await body(es.get({ index, id: '7' })))._source.n);
  await step('missing', () => es.get({ index, id: 'none' }));
  await step('delete', async () => (await body(es.indices.delete({ index }))).acknowledged);
  return found;
}

(async () => {
  const es = client(asked.user, asked.password);
  const found = asked.only_ordinary ? {} : { buckets: await getBuckets(es) };
  if (asked.tag) found.ordinary = await ordinary(es, asked.tag);
  console.log(JSON.stringify(found));
})();
