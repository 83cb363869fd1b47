(** * The machine with the C, seen as a machine with rules

    Definitions: [bottom], the machine of [machine/System.v] for any code of KCore, as a system with the definition
    of noninterference of [security/System.v]; [looks], what a state of it is in the machine of [Rules.v]; [top], that
    machine with this code as KCore's program.  [Refine.v] has the proof that the former is one of the latter. *)
From Coq Require Import ZArith List String Bool.
From Redoubt.sem Require Import Sem Memory Bits Wp.
From Redoubt.machine Require Import State Events.
From Redoubt.mm Require Import Desc_Spec Invariant Structure System_Proof System_Alike.
From Redoubt.link Require Import Rules.
Import ListNotations.
Open Scope string_scope.
Open Scope Z_scope.

(** ** Holders, from KCore's state words *)
Definition in_ram (B : board) (p : Z) : bool :=
  existsb (fun i => (b_base B (Z.of_nat i) <=? p) && (p <? b_base B (Z.of_nat i) + b_size B (Z.of_nat i)))
    (seq 0 (Z.to_nat (b_n B))).
Definition holder_of (s : Z) : holder :=
  if kind s =? PG_CORE then Core
  else if kind s =? PG_HOST then Host
  else if kind s =? PG_PINNED then Pinned (handle s)
  else if kind s =? PG_LENT then Lent (arg s)
  else if kind s =? PG_VM then Private (handle s) (arg s)
  else if kind s =? PG_VMCORE then Table (handle s)
  else if kind s =? PG_CTX then Registers (handle s)
  else Rules.Nobody.
Definition page_of (B : board) (w : world) (p : Z) : holder := if in_ram B p then holder_of (State.state w p) else
  No_ram.

(** ** What KCore keeps, and what it does next *)
Record kept := { k_mem : mem; k_meta : Z -> Z; k_held : bool; k_lock : option nat; k_code : nat -> prog (option Z) }.
Record same (k l : kept) : Prop := {
  sm_mem : k_mem k = k_mem l;
  sm_meta : k_meta k = k_meta l;
  sm_held : k_held k = k_held l;
  sm_lock : k_lock k = k_lock l;
  sm_code : forall c, k_code k c = k_code l c }.
Definition new_vm (k : kept) (h : Z) : Prop := wrap U32 (k_mem k (obj "vms.state" [h])) = VM_NEW.
Definition serves (k : kept) (c : nat) (h : Z) : Prop :=
  exists i, wrap U32 (k_mem k (obj loaded_cell [h; i])) = Z.of_nat c + 1.

(** The deed of an event. *)
Definition deed_of (e : event) : deed :=
  match e with
  | ECall f [p] => if String.eqb f "page_zero" then Clear p else Think
  | ECall f [p; x] => if String.eqb f "meta_set" then Give p (holder_of (wrap U64 x))
                      else if String.eqb f "page_copy" then Copy p x else Think
  | ECall f [p; i; v] => if String.eqb f "pg_set" || String.eqb f "pte_set" then Write p i v else Think
  | _ => Think
  end.
Definition next_deed (w : world) (c : nat) (p : prog (option Z)) : deed :=
  match p with
  | Ev e _ => deed_of e
  | Ret (Some v) => Answer (P.result w (Z.of_nat c) v)
  | _ => Think
  end.

Section Abstract.
  Variable B : board.
  Variable R : Type.
  Variables kserv guest : P.agent R.
  Variable answer : Z -> Z -> Z -> Z -> Z -> Z -> prog (option Z).
  Variable offered : Z -> Prop.

  (** The hardware's machine.  At the end [Q] and KServ have what they reach and their registers, and are taken to
      have all that KCore keeps elsewhere ([same_for]). *)
  Definition bottom : S.system Z P.seen := S.System (P.system R) P.label
    (fun s => exists w r g, mem_inv B w /\ s = P.start w r g)
    (P.step B kserv guest answer offered) vis (salike B R) P.same_for.

  Definition keep_of (b : P.system R) : kept :=
    {| k_mem := w_mem (P.s_world b); k_meta := w_meta (P.s_world b); k_held := w_held (P.s_world b);
       k_lock := P.s_lock b; k_code := fun c => code R (P.s_cpu b c) |}.
  Definition cpu_of (x : P.cpu R) : bool * R := match x with P.In_kserv r => (false, r) | P.In_kcore r _ => (true, r)
    end.
  Definition view (b : P.system R) : Rules.state R entry kept := {|
    keep := keep_of b;
    page := page_of B (P.s_world b);
    word := State.word (P.s_world b);
    at_ := w_tlb (P.s_world b);
    table := w_walk (P.s_world b);
    cpu := fun c => cpu_of (P.s_cpu b c);
    vcpu := P.s_vcpu b |}.

  (** State [s] of the machine with rules is how [b] looks. *)
  Record looks (b : P.system R) (s : Rules.state R entry kept) : Prop := {
    lk_keep : same (keep_of b) (keep s);
    lk_page : forall p, page s p = page_of B (P.s_world b) p;
    lk_word : forall p i, 0 <= i < 512 -> word s p i = State.word (P.s_world b) p i;
    lk_at : forall k h a p, at_ s k h a p <-> w_tlb (P.s_world b) k h a p;
    lk_table : forall h l a p, table s h l a p <-> w_walk (P.s_world b) h l a p;
    lk_cpu : forall c, cpu s c = cpu_of (P.s_cpu b c);
    lk_vcpu : forall h j, vcpu s h j = P.s_vcpu b h j }.

  (** The code as a program: what it does in a state that looks like [s]. *)
  Inductive does (c : nat) (x : Z) (s : Rules.state R entry kept) :
      deed -> kept -> (entry -> Z -> Z -> Z -> Prop) -> (Z -> Z -> Z -> Z -> Prop) -> Prop :=
  | does_step b b' r p : sgood B R b -> looks b s -> P.s_cpu b c = P.In_kcore r p ->
      P.step B kserv guest answer offered b (P.By_kcore c x) b' ->
      does c x s (next_deed (P.s_world b) c p) (keep_of b') (w_tlb (P.s_world b')) (w_walk (P.s_world b')).
  Definition enter (k : kept) (c : nat) (fid a1 a2 a3 a4 : Z) (k' : kept) : Prop :=
    (c < 8)%nat /\ offered (wrap U64 fid) /\
    k' = {| k_mem := k_mem k; k_meta := k_meta k; k_held := k_held k; k_lock := k_lock k;
            k_code := P.set_nat (k_code k) c (P.hypercall answer (Z.of_nat c)
              (wrap U64 fid) (wrap U64 a1) (wrap U64 a2) (wrap U64 a3) (wrap U64 a4)) |}.

  Definition top : S.system Z P.seen :=
    rules kserv guest (b_dev B) same new_vm serves does enter.
End Abstract.
