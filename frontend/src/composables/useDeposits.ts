import { ref } from 'vue'
import { api, type DepositPage } from '@/api'
import { useQuery, type Query } from './useQuery'

const step = 20

/** What the township decides about of this laptop's work, some at a time. */
export function useDeposits(): Query<DepositPage> & { more: () => void } {
  const most = ref(step)
  const query = useQuery(() => api.deposits(most.value))

  function more(): void {
    most.value += step
    void query.reload()
  }

  return { ...query, more }
}
