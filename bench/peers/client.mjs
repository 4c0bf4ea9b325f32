// The Node client: `client.mjs URL JOB SIZE TIMES buckets|search`. With `search` it searches and reshapes itself.
// Prints the median wall time and the CPU of one request, both in milliseconds, and the number of buckets.
import { createRequire } from 'node:module'
const require = createRequire(process.env.NODE_MODULES + '/')
const { Client } = require('@elastic/elasticsearch')

const [url, job, size, times, mode] = process.argv.slice(2)
const [username, password] = process.env.BENCH_USER.split(':')
const client = new Client({ node: url, auth: { username, password } })

const modes = {
  buckets: () => client.ml.getBuckets({ job_id: job, size: Number(size) }),
  search: async () => {
    const found = await client.search({
      index: `.ml-anomalies-${job}`,
      size: Number(size),
      query: { bool: { filter: [{ term: { result_type: 'bucket' } }, { term: { job_id: job } }] } },
      sort: [{ timestamp: 'asc' }],
      track_total_hits: true
    })
    if (found.timed_out || found._shards.failed) throw new Error('in part')
    return { count: found.hits.total.value, buckets: found.hits.hits.map((hit) => hit._source) }
  }
}
const ask = modes[mode]
for (let warm = 0; warm < 3; warm++) await ask()
const walls = []
const before = process.cpuUsage()
let last
for (let n = 0; n < Number(times); n++) {
  const begun = performance.now()
  last = await ask()
  walls.push(performance.now() - begun)
}
const cpu = process.cpuUsage(before)
walls.sort((a, b) => a - b)
console.log(JSON.stringify({
  wall: walls[walls.length >> 1],
  cpu: (cpu.user + cpu.system) / 1e3 / Number(times),
  count: last.buckets.length
}))
