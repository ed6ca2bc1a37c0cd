export default {
  app: {
    title: '网格簿',
    start: '开始',
  },
}
