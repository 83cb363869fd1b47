(** * The result: KCore's verified calls on the machine

    [kcore_secure]: any number of CPUs, each making any sequence of these calls with any arguments; any
    interleaving of single events; KServ and the VMs writing to what they reach at any moment: at every
    step whatever a TLB entry or a walk reaches is the reacher's, and no CPU meets undefined behaviour.
    [owner_change]: whenever a page changes owner nobody reaches it, and it is zero (or it is part of the
    image of a VM that has not run). *)
From Coq Require Import ZArith List String Bool Lia.
From Redoubt.mm Require Import Structure Structure_Steps.
From Redoubt.sem Require Import Sem Memory Bits Wp Link.
From Redoubt.machine Require Import State Events Facts Machine.
From Redoubt.mm Require Import Invariant Steps Prims Page_Spec Vm_Spec Vm_Facts Load_Spec Guest_Call_Spec Loaded Local_Prims Cpu_Facts
  Interleave Machine_Proof Verified.
From Redoubt.gen Require Import Program Consts.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** What a protected VM asks for (RSI calls), and why it has faulted, from where its registers are read. *)
Inductive guest_call :=
| Set_shared (from to : Z)
| Set_ram (from to : Z)
| Ipa_state (from to : Z)
| Fault_kind (fn : Z)
| Store_word (fn i x : Z).

(** The calls that are verified from entry to return: all that kcore/host/call.c dispatches with [memory_call],
    by their numbers and with any arguments, numbers that mean nothing included; loading a vCPU and putting it
    back, less its interrupt controller; what the VM of the loaded vCPU may do with its memory. *)
Inductive call :=
| Memory_call (fid a1 a2 a3 a4 : Z)
| Vm_seal (h : Z)
| Stat (item : Z)
| Vcpu_load (h i : Z)
| Vcpu_put
| Guest (g : guest_call).

(** Any values of the C types; [vm_seal] is called for the VM of a loaded vCPU. *)
Definition guest_arguments (g : guest_call) : Prop :=
  match g with
  | Set_shared from to | Set_ram from to | Ipa_state from to => in_ty U64 from /\ in_ty U64 to
  | Fault_kind fn => in_ty U64 fn
  | Store_word fn i x => in_ty U64 fn /\ in_ty U64 i /\ in_ty U64 x
  end.
Definition arguments_ok (c : call) : Prop :=
  match c with
  | Memory_call fid a1 a2 a3 a4 =>
      in_ty U64 fid /\ in_ty U64 a1 /\ in_ty U64 a2 /\ in_ty U64 a3 /\ in_ty U64 a4
  | Vm_seal h => 0 <= h <= 255
  | Stat i => in_ty U64 i
  | Vcpu_load h i => in_ty U64 h /\ in_ty U64 i
  | Vcpu_put => True
  | Guest g => guest_arguments g
  end.

(** The VM whose vCPU is loaded, if there is one and it is protected: read as [guest_trap] (kcore/vcpu/exit.c) reads
    it, from this CPU's entry of [pcpu] and without the lock. *)
Definition if_protected (h : Z) (p : prog (option Z)) : prog (option Z) :=
  Ev (ERead (obj "vms.is_protected" [h])) (fun v => (fun x => if x =? 0 then Ret None else p) (wrap U32 v)).
Definition with_vm (c : Z) (p : Z -> prog (option Z)) : prog (option Z) :=
  Ev (ERead (obj "pcpu.vm" [c])) (fun v => (fun h => if h =? 0 then Ret None else if_protected h (p h)) (wrap U32 v)).

Definition run_guest (c h : Z) (g : guest_call) : prog (option Z) :=
  let F := denote fuel prims program in
  match g with
  | Set_shared from to => F "guest_set_shared" [c; h; from; to]
  | Set_ram from to => F "guest_set_ram" [c; h; from; to]
  | Ipa_state from to => F "guest_ipa_state" [c; h; from; to]
  | Fault_kind fn => F "guest_fault_kind" [h; fn]
  | Store_word fn i x => F "guest_store" [h; fn; i; x]
  end.

(** The C function, on CPU [c]. *)
Definition run (c : Z) (x : call) : prog (option Z) :=
  let F := denote fuel prims program in
  match x with
  | Memory_call fid a1 a2 a3 a4 => F "memory_call" [c; fid; a1; a2; a3; a4]
  | Vm_seal h => F "vm_seal" [h]
  | Stat i => F "call_stat" [c; i]
  | Vcpu_load h i => F "vcpu_load" [c; h; i]
  | Vcpu_put => F "vcpu_put" [c]
  | Guest g => with_vm c (fun h => run_guest c h g)
  end.

Fixpoint runs (c : Z) (l : list call) : prog (option Z) :=
  match l with
  | [] => Ret None
  | x :: r => bind (run c x) (fun _ => runs c r)
  end.
(** A CPU that makes calls begins with no vCPU loaded: [cpu_start] (kcore/host/trap.c) says so. *)
Definition all_runs (c : Z) (l : list call) : prog (option Z) :=
  match l with [] => Ret None | _ => Ev (EWrite (obj "pcpu.vm" [c]) 0) (fun _ => runs c l) end.

(** ** Any programs whose every event meets its contract *)
Section Runs.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Theorem runs_secure m0 m : good_all B m0 -> steps B m0 m ->
    secure B (m_world m) /\ settled B (m_world m) /\ forall c why, m_cpu m c <> Stuck why.
  Proof.
    intros G0 S. pose proof (good_steps B HB _ _ G0 S) as G.
    split; [apply G|]. split; [apply G|]. intros c why. exact (good_not_stuck B m c why G).
  Qed.

  Theorem runs_owner m0 m c p s k : good_all B m0 -> steps B m0 m -> m_cpu m c = Ev (ECall "meta_set" [p; s]) k ->
    may_change (m_world m) p s.
  Proof.
    intros G0 S E. pose proof (good_steps B HB _ _ G0 S) as G.
    assert (Hl : m_lock m = Some c).
    { destruct (m_lock m) as [d|] eqn:L; [destruct (Nat.eq_dec d c); [congruence|]|].
      all: destruct (g_other B m G c) as (a & [Ha _ _] & W); [congruence|]; rewrite E in W; destruct W as [[_ P] _];
        destruct (P a eq_refl) as [[H _] _]; congruence. }
    destruct (g_holder B m G c Hl) as (a & V & _ & W). rewrite E in W. destruct W as [[_ P] _].
    destruct (P a eq_refl) as [(_ & _ & M) Se]. apply (view_change B (Z.of_nat c) a); [exact V| |exact (Se 0 _ eq_refl)|exact M].
    eapply view_secure; [apply view_sym; exact V|apply G].
  Qed.
End Runs.

Section Secure.
  Variable B : board.
  Hypothesis HB : board_ok B.

  Lemma meets c f : mem_name f (names program) = true -> spec B c f (denote fuel prims program f).
  Proof. intros H. apply program_meets; [exact HB|]. apply mem_name_In, H. Qed.

  (** The specification of [f] as [R]: looked up here, so that [apply] need not. *)
  Ltac spec_of c f R := pose proof (meets c f eq_refl) as R;
    lazy beta iota zeta delta [spec Wf.assoc app prim_specs func_specs String.eqb Ascii.eqb Bool.eqb] in R.
  Ltac by_spec c f := let R := fresh "R" in spec_of c f R; eapply wp_mono; [apply wp_all; apply R; tauto|].
  (** ... of a function that uses what the CPU owns. *)
  Ltac by_own_spec c f := let R := fresh "R" in spec_of c f R; eapply wp_mono; [apply R; tauto|].

  Lemma guest_ok c h g w : guest c w h -> protected w h -> guest_arguments g -> idle B w ->
    wp (kcore_all B c (mem_inv B)) (run_guest c h g) (fun _ w' => idle B w') w.
  Proof.
    intros G P A Hi. destruct g; cbn [guest_arguments] in A; cbn [run_guest].
    - by_spec c "guest_set_shared". intros r w' [H _]; exact H.
    - by_spec c "guest_set_ram". intros r w' [H _]; exact H.
    - by_spec c "guest_ipa_state". intros r w' (_ & H & _); exact H.
    - by_spec c "guest_fault_kind". cbv beta. intros r w' [(_ & _ & ->)|(_ & H & _)]; assumption.
    - by_spec c "guest_store". cbv beta. intros r w' [(_ & _ & ->)|[H _]]; assumption.
  Qed.

  Lemma with_vm_ok c p w : 0 <= c < 8 -> idle B w -> own_ok c w ->
    (forall h, guest c w h -> protected w h -> wp (kcore_all B c (mem_inv B)) (p h) (fun _ w' => idle B w') w) ->
    wp (kcore_all B c (mem_inv B)) (with_vm c p) (fun _ w' => idle B w') w.
  Proof.
    intros Hc Hi O H. pose proof (kn_secure B w (id_known B w Hi)) as S. unfold with_vm.
    apply read_cell with (t := U32) (k := fun h => if h =? 0 then Ret None else if_protected h (p h)); [reflexivity|exact S|].
    change (wrap U32 (w_mem w (obj "pcpu.vm" [c]))) with (loaded_vm c w).
    destruct (Z.eqb_spec (loaded_vm c w) 0) as [E|N]; [exact Hi|]. destruct (O N) as (R & _ & Tk).
    assert (Hs : has c w [loaded_vm c w]) by (eexists; exact Tk).
    unfold if_protected. apply read_cell with (t := U32) (k := fun x => if x =? 0 then Ret None else p (loaded_vm c w));
      [right; left; split; [reflexivity|exact Hs]|exact S|].
    destruct (Z.eqb_spec (wrap U32 (w_mem w (obj "vms.is_protected" [loaded_vm c w]))) 0) as [E|P]; [exact Hi|].
    apply H; [constructor; assumption|exact P].
  Qed.

  Lemma run_idle c x w : 0 <= c < 8 -> arguments_ok x -> idle B w -> own_ok c w ->
    wp (kcore_all B c (mem_inv B)) (run c x) (fun _ w' => idle B w') w.
  Proof.
    intros Hc A Hi O. destruct x; cbn [arguments_ok] in A; cbn [run].
    - by_spec c "memory_call". cbv beta. intros r w' [[_ ->]|[H _]]; assumption.
    - by_spec c "vm_seal". intros r w' (_ & H & _); exact H.
    - by_spec c "call_stat". intros r w' [H _]; exact H.
    - by_own_spec c "vcpu_load". cbv beta. intros r w' [[(_ & _ & ->)|[H _]] _]; assumption.
    - by_own_spec c "vcpu_put". cbv beta. intros r w' [(_ & _ & ->)|(_ & [H _] & _)]; assumption.
    - apply with_vm_ok; [exact Hc|exact Hi|exact O|]. intros h G P. apply guest_ok; assumption.
  Qed.

  (** Every call keeps what this CPU has loaded in order ([wp_own]). *)
  Lemma run_ok c x w : 0 <= c < 8 -> arguments_ok x -> idle B w -> own_ok c w ->
    wp (kcore_all B c (mem_inv B)) (run c x) (fun _ w' => idle B w' /\ own_ok c w') w.
  Proof. intros Hc A Hi O. apply wp_own; [apply run_idle; assumption|exact O]. Qed.

  Lemma runs_ok c l w : 0 <= c < 8 -> Forall arguments_ok l -> idle B w -> own_ok c w ->
    wp (kcore_all B c (mem_inv B)) (runs c l) finished w.
  Proof.
    intros Hc A. revert w. induction A as [|x l A _ IH]; intros w Hi O; cbn [runs]; [exact I|].
    apply wp_bind. eapply wp_mono; [apply run_ok; eassumption|]. cbv beta. intros _ w' [Hi' O']. apply IH; assumption.
  Qed.

  Lemma all_runs_ok c l w : 0 <= c < 8 -> Forall arguments_ok l -> idle B w ->
    wp (kcore_all B c (mem_inv B)) (all_runs c l) finished w.
  Proof.
    intros Hc A [Hd [[S1 S2 S3] C]]. unfold all_runs. destruct l as [|x l]; [exact I|]. set (t := x :: l) in *.
    assert (O : own_ok c (set_mem (upd (w_mem w) (obj "pcpu.vm" [c]) 0) w)).
    { intros N. destruct N. unfold loaded_vm. cbn [w_mem set_mem]. rewrite upd_same. reflexivity. }
    assert (Sc : secure B (write_cell B (obj "pcpu.vm" [c]) 0 w)) by (apply percpu_secure; [reflexivity|split; assumption]).
    apply write_event; [split; [intros _ _; exact O|reflexivity]|discriminate|exact Sc|]. intros _. apply runs_ok; [exact Hc|exact A|
      |exact O].
    split; [exact Hd|]. split; [exact Sc|]. apply constant_other; [discriminate|exact C].
  Qed.

  Variables (w0 : world) (T : nat -> list call).
  Hypothesis Hw : mem_inv B w0.
  Hypothesis HT : forall c, Forall arguments_ok (T c).
  Hypothesis Hcpus : forall c, (8 <= c)%nat -> T c = [].

  Definition start : machine := {| m_world := w0; m_lock := None; m_cpu := fun c => all_runs (Z.of_nat c) (T c) |}.

  Lemma start_good : good_all B start.
  Proof.
    constructor; cbn [start m_world m_lock m_cpu]; [apply Hw|apply Hw|auto|discriminate|].
    intros c _. exists (set_held false w0). split; [constructor; reflexivity|].
    destruct (Nat.lt_ge_cases c 8) as [L|L]; [|rewrite Hcpus by exact L; exact I].
    apply all_runs_ok; [lia|apply HT|]. split; [reflexivity|apply known_held, known_inv, Hw].
  Qed.

  Theorem secure_runs m : steps B start m ->
    secure B (m_world m) /\ settled B (m_world m) /\ forall c why, m_cpu m c <> Stuck why.
  Proof. exact (runs_secure B HB start m start_good). Qed.

  Theorem owner_runs m c p s k : steps B start m -> m_cpu m c = Ev (ECall "meta_set" [p; s]) k ->
    may_change (m_world m) p s.
  Proof. exact (runs_owner B HB start m c p s k start_good). Qed.
End Secure.

Theorem kcore_secure : forall B w0 (T : nat -> list call) m,
  board_ok B -> mem_inv B w0 -> (forall c, Forall arguments_ok (T c)) -> (forall c, (8 <= c)%nat -> T c = []) ->
  steps B (start w0 T) m ->
  secure B (m_world m) /\ (forall c why, m_cpu m c <> Stuck why).
Proof. intros B w0 T m HB Hw HT Hc S. destruct (secure_runs B HB w0 T Hw HT Hc m S) as (A & _ & C). auto. Qed.

Theorem owner_change : forall B w0 (T : nat -> list call) m c p s k,
  board_ok B -> mem_inv B w0 -> (forall c, Forall arguments_ok (T c)) -> (forall c, (8 <= c)%nat -> T c = []) ->
  steps B (start w0 T) m -> m_cpu m c = Ev (ECall "meta_set" [p; s]) k ->
  may_change (m_world m) p s.
Proof. intros B w0 T m c p s k HB Hw HT Hc S. apply (owner_runs B HB w0 T Hw HT Hc m c p s k S). Qed.
